#include "drivers/database/postgres/postmaster.hpp"

#include <cstdlib>
#include <fstream>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "drivers/database/postgres/program.hpp"

namespace slipway::postgres {
namespace {

namespace fs = std::filesystem;

constexpr int oldest_major = 15;
constexpr Millis version_timeout{10'000};

int number(const std::string& text) { return std::atoi(text.c_str()); }

// "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)" -> 15; 0 where there is no such program.
int major_of(const fs::path& bindir) {
  std::error_code error;
  if (!fs::exists(bindir / "postgres", error) || !fs::exists(bindir / "initdb", error)) return 0;
  const std::string text = run_program(bindir / "postgres", {"--version"}, OsUser{}, version_timeout).output;
  const auto at = text.find("(PostgreSQL) ");
  return at == std::string::npos ? 0 : number(text.substr(at + 13));
}

// Where Debian, Red Hat and a build of one's own put them.
std::vector<fs::path> candidates() {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error)) {
    found.push_back(version.path() / "bin");
  }
  for (const auto& entry : fs::directory_iterator("/usr", error)) {
    if (entry.path().filename().string().starts_with("pgsql-")) found.push_back(entry.path() / "bin");
  }
  found.insert(found.end(), {"/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"});
  return found;
}

}  // namespace

bool has_stale_pid_file(const fs::path& cluster) {
  std::ifstream file(cluster / "postmaster.pid");
  std::string line;
  if (!std::getline(file, line)) return false;
  const int pid = number(line);
  std::error_code error;
  if (pid <= 0 || !fs::exists(fmt::format("/proc/{}", pid), error)) return false;
  if (!is_running(pid)) return true;
  const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error);
  return !error && works_in != fs::canonical(cluster, error) && !error;
}

std::optional<Postmaster> find_postmaster(const fs::path& cluster) {
  std::ifstream file(cluster / "postmaster.pid");
  std::vector<std::string> lines;
  for (std::string line; lines.size() < 8 && std::getline(file, line);) lines.push_back(trimmed(line));
  if (lines.empty()) return {};
  lines.resize(8);
  Postmaster postmaster;
  postmaster.pid = number(lines[0]);
  postmaster.port = static_cast<std::uint16_t>(number(lines[3]));
  postmaster.socket_directory = lines[4];
  postmaster.ready = lines[7] == "ready";
  if (postmaster.pid <= 0 || !is_running(postmaster.pid)) return {};
  std::error_code error;
  const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", postmaster.pid), error);
  if (error || works_in != fs::canonical(cluster, error)) return {};
  return postmaster;
}

fs::path find_bindir(const fs::path& configured, int major) {
  const std::vector<fs::path> places = configured.empty() ? candidates() : std::vector<fs::path>{configured};
  fs::path best;
  int best_major = 0;
  for (const fs::path& place : places) {
    const int found = major_of(place);
    const bool fits = major != 0 ? found == major : found >= oldest_major && found > best_major;
    if (!fits) continue;
    best = place;
    best_major = found;
  }
  if (!best.empty()) return best;
  const std::string where = configured.empty() ? "on this machine" : "in " + configured.string();
  if (major != 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("the data directory was made by Postgres {0}, which is not {1}; install "
                            "it (apt-get install postgresql-{0}) or upgrade the data",
                            major, where));
  }
  throw Error(ErrorKind::invalid, fmt::format("there is no Postgres {} or newer {}; install it (apt-get install "
                                              "postgresql) or configure the URL of a server that you have",
                                              oldest_major, where));
}

}  // namespace slipway::postgres
