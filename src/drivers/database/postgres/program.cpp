#include "drivers/database/postgres/program.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

os::Command command_of(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user) {
  os::Command command{.words = {program.string()},
                      .environment = {{"LC_ALL=C", "PATH=/usr/bin:/bin"}},
                      .directory = "/",
                      .user = user.switches ? &user : nullptr};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

OsUser os_user(const std::string& name) {
  OsUser user;
  user.uid = geteuid();
  user.gid = getegid();
  if (user.uid != 0) return user;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 * 1024);
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr || entry.pw_uid == 0) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("Postgres does not run as root, and there is no ordinary user \"{}\" to run it as; make one "
                    "(useradd --system {}) or name another",
                    name, name));
  }
  user.name = name;
  user.uid = entry.pw_uid;
  user.gid = entry.pw_gid;
  user.switches = true;
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(name.c_str(), entry.pw_gid, user.groups.data(), &count) < 0) count = 0;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

os::Ended run_program(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                      Millis timeout) {
  return os::run(command_of(program, arguments, user), timeout);
}

pid_t start_detached(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                     const std::filesystem::path& log) {
  return os::start_detached(command_of(program, arguments, user), log);
}

std::vector<pid_t> server_processes(const std::filesystem::path& data_directory) {
  std::vector<pid_t> found;
  std::error_code error;
  const auto wanted = std::filesystem::canonical(data_directory, error);
  if (error) return found;
  for (const pid_t pid : os::all_pids()) {
    const auto process = std::filesystem::path("/proc") / std::to_string(pid);
    std::error_code ignored;  // ended meanwhile, or not ours to look at: then the paths are empty
    const auto directory = std::filesystem::read_symlink(process / "cwd", ignored);
    const auto executable = std::filesystem::read_symlink(process / "exe", ignored).filename().string();
    // "postgres (deleted)" after an upgrade of the package.
    if (directory == wanted && executable.starts_with("postgres") && is_running(pid)) found.push_back(pid);
  }
  return found;
}

}  // namespace slipway::postgres
