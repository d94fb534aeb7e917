#include "app/doctor.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "app/assemble.hpp"
#include "app/public_address.hpp"
#include "base/error.hpp"
#include "base/words.hpp"
#include "drivers/database/postgres/managed_server.hpp"
#include "drivers/database/postgres/postmaster.hpp"
#include "net/http_client.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t disk_wanted_bytes = 2ull << 30;

// Runs a check that throws an Error where something is wrong.
template <class F>
Finding attempt(std::string subject, std::string fix, F&& check) {
  try {
    std::string found = check();
    return {std::move(subject), Verdict::ok, std::move(found), ""};
  } catch (const Error& error) {
    return {std::move(subject), Verdict::failure, error.what(), std::move(fix)};
  }
}

// What a driver's check says after "; " should be mended, although it works.
Finding with_warning(Finding finding) {
  const auto end = finding.found.find("; ");
  if (finding.verdict != Verdict::ok || end == std::string::npos) return finding;
  return {finding.subject, Verdict::warning, finding.found.substr(0, end), finding.found.substr(end + 2)};
}

bool can_bind(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return bound;
}

Finding server(const Config& config) {
  try {
    net::HttpClient client({"unix://" + config.api.socket.string(), {}, {}, {}});
    net::ClientRequest request;
    request.target = "/readyz";
    const net::Response answer = client.send(request);
    if (answer.status == 200) return {"server", Verdict::ok, "running and ready", ""};
    return {"server", Verdict::failure, "running but not ready: " + answer.body, "mend what the other lines name"};
  } catch (const Error&) {
    return {"server", Verdict::warning, "not running", "start it with `slipway serve`"};
  }
}

Finding ports(const Config& config) {
  const unsigned total = config.access.ports.last - config.access.ports.first + 1u;
  unsigned taken = 0;
  for (unsigned port = config.access.ports.first; port <= config.access.ports.last; ++port) {
    if (!can_bind(static_cast<std::uint16_t>(port))) ++taken;
  }
  const std::string found = fmt::format("{} of {} ports of access.ports are free", total - taken, total);
  if (taken == total) return {"ports", Verdict::failure, found, "choose a larger or another range in access.ports"};
  if (total - taken < 10) return {"ports", Verdict::warning, found, "choose a larger range in access.ports"};
  return {"ports", Verdict::ok, found, ""};
}

std::string resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0)
    throw Error(ErrorKind::unavailable, fmt::format("{} does not resolve: {}", host, gai_strerror(error)));
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, text, sizeof text);
  freeaddrinfo(found);
  return text;
}

Finding dns(const Config& config) {
  if (config.access.spec.domain == "localhost") {
    return {"dns", Verdict::warning, "access.domain is localhost: only programs on this machine reach tenants",
            "set access.domain: sslip.io when customers are to reach them"};
  }
  return attempt("dns", "check the machine's resolver; customers need DNS too, Slipway's own probe does not", [&] {
    const std::string address = config.access.spec.address.empty() ? find_public_address() : config.access.spec.address;
    std::string dashed = address;
    std::replace(dashed.begin(), dashed.end(), '.', '-');
    const std::string host = fmt::format("slipway-doctor.{}.{}", dashed, config.access.spec.domain);
    const std::string resolved = resolve(host);
    if (resolved != address) {
      throw Error(ErrorKind::unavailable, fmt::format("{} resolves to {}, not {}", host, resolved, address));
    }
    return fmt::format("{} resolves to {}{}", host, address,
                       is_private_address(address) ? ", which only this network can reach" : "");
  });
}

Finding disk(const Config& config) {
  fs::path place = config.data_dir;
  while (!fs::exists(place) && place.has_parent_path() && place != place.parent_path()) place = place.parent_path();
  struct statvfs info {};
  if (statvfs(place.c_str(), &info) != 0) {
    return {"disk", Verdict::failure, "cannot look at " + place.string(), "check `data_dir`"};
  }
  const std::uint64_t free_bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
  const std::string found =
      fmt::format("{:.1f} GiB free for {}", static_cast<double>(free_bytes) / (1 << 30), config.data_dir.string());
  if (free_bytes >= disk_wanted_bytes) return {"disk", Verdict::ok, found, ""};
  return {"disk", free_bytes < disk_wanted_bytes / 8 ? Verdict::failure : Verdict::warning, found,
          "make room: a tenant's database takes 8 MB and more, and a full disk stops sign-ups"};
}

// With nothing running there is no ledger yet, so a stand-in names the installation; nothing is made under it.
const InstallationId nobody("doctor");
const auto nowhere = [] { return std::string(); };

Finding runtime(const Config& config) {
  using Driver = Config::RuntimeDriver;
  const Log silent = Log::silent();
  const bool automatic = config.runtime.driver == Driver::automatic;
  const std::string in_use = automatic ? DataDir(config.data_dir).runtime_in_use() : "";
  Config chosen = config;
  const bool process = config.runtime.driver == Driver::process || in_use == "process";
  chosen.runtime.driver = process ? Driver::process : Driver::docker;
  Finding found =
      attempt(process ? "processes" : "docker",
              "install it with `apt-get install docker.io` and start it, or set runtime.docker.host; without an engine "
              "set runtime.driver: process",
              [&] { return make_runtime(chosen, DataDir(config.data_dir), nobody, silent)->check(); });
  const std::string place = config.data_dir.string();
  if (in_use == "docker") found.found += fmt::format(" (runtime.driver: auto took Docker for good: {}/runtime)", place);
  if (in_use == "process" && found.verdict == Verdict::ok) {
    found.verdict = Verdict::warning;
    found.found += "; runtime.driver: auto stays with them while customers are there";
    found.fix = "remove them with `slipway rm` and restart Slipway: it takes Docker where that answers";
  }
  return found;
}

Finding postgres_server(const Config& config) {
  return with_warning(
      attempt("postgres", "check database.url, or leave it out and install `postgresql-15` for a private server", [&] {
        if (!config.database.url.empty()) {
          return make_database(config, nullptr, nowhere, nobody, Secret("unused"))->check();
        }
        const fs::path key = config.data_dir / "master.key";
        if (!fs::exists(key)) {
          postgres::find_bindir(config.database.bindir, 0);
          return std::string("a private server will be made at the first start");
        }
        SystemRandom random;
        const DataDir data(config.data_dir);
        const auto managed = make_managed_server(config, data, {}, data.master_key(random), Log::silent());
        if (!managed->pid()) return std::string("the private server does not run; `slipway serve` starts it");
        return make_database(config, managed.get(), nowhere, nobody, data.master_key(random))->check();
      }));
}

Finding mail_delivery(const Config& config) {
  return attempt("mail", "check the mail section of slipway.yaml", [&] {
    const SystemClock clock;
    return make_mailer(config, clock)->check();
  });
}

std::string_view word_for(Verdict verdict) {
  static constexpr Word<Verdict> words[] = {
      {Verdict::ok, "ok"}, {Verdict::warning, "warning"}, {Verdict::failure, "failure"}};
  return word_of(words, verdict);
}

}  // namespace

std::vector<Finding> examine(const Config& config) {
  return {server(config), runtime(config), postgres_server(config), ports(config),
          dns(config),    disk(config),    mail_delivery(config)};
}

std::string to_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += fmt::format("{:<8} {:<10} {}\n", word_for(f.verdict), f.subject, f.found);
    if (!f.fix.empty()) text += fmt::format("{:<19} fix: {}\n", "", f.fix);
  }
  return text;
}

std::string to_json_text(const std::vector<Finding>& findings) {
  boost::json::array all;
  for (const Finding& f : findings) {
    all.push_back({{"subject", f.subject}, {"verdict", word_for(f.verdict)}, {"found", f.found}, {"fix", f.fix}});
  }
  return boost::json::serialize(all) + "\n";
}

}  // namespace slipway
