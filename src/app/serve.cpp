#include "app/serve.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "api/router.hpp"
#include "app/assemble.hpp"
#include "app/foundation.hpp"
#include "app/log_of.hpp"
#include "app/machine_room.hpp"
#include "app/own_commands.hpp"
#include "app/public_address.hpp"
#include "app/start_up_memory.hpp"
#include "app/version.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/even_clock.hpp"
#include "config/settings_of.hpp"
#include "drivers/database/postgres/managed_server.hpp"
#include "engine/engine.hpp"
#include "metrics/measured.hpp"
#include "metrics/metrics.hpp"
#include "net/endpoint.hpp"
#include "net/http_probe.hpp"
#include "net/http_server.hpp"
#include "os/limits.hpp"

namespace slipway {
namespace {

constexpr Millis drain_time{10'000};
constexpr auto stop_limit = std::chrono::seconds(25);  // then the process ends as it stands, which is always safe
constexpr timespec settling_time{10, 0};               // for the first sweep and whoever asks whether we are ready
constexpr auto engine_turn_limit = std::chrono::seconds(30);

std::string address_of(const Config& config, const Log& log) {
  if (config.access.spec.domain == "localhost") return {};
  if (!config.access.spec.address.empty()) return config.access.spec.address;
  std::string address = find_public_address();
  if (is_private_address(address)) {
    log.warn("the address found for this machine cannot be reached from outside; set access.address to its public one",
             {{"address", address}});
  }
  return address;
}

// Where instances are published, as this machine reaches it: an address of its own rather than loopback, since that is
// what customers use, but never one that a router has to send back.
std::string published_at(const Config& config, const std::string& address) {
  if (!config.access.spec.probe_address.empty()) return config.access.spec.probe_address;
  const net::Target engine = net::parse_endpoint(config.runtime.docker.engine.url);
  const bool processes = config.runtime.driver == Config::RuntimeDriver::process;
  if (!processes && !engine.host.empty()) return engine.host;  // Docker of another machine
  return is_own_address(address) ? address : "127.0.0.1";
}

Settings own_settings(const Config& config, const Log& log) {
  Settings settings = settings_of(config, address_of(config, log));
  settings.access.probe_address = published_at(config, settings.access.address);
  return settings;
}

// Sign-ups that are being written together share one commit to disk, and there can be as many as there are workers.
// Their threads are made when they are needed.
net::ServerLimits http_limits() {
  net::ServerLimits limits;
  limits.workers = 32;
  return limits;
}

// Everything that a running Slipway consists of, in the order in which it is made; it goes in the reverse order.
class Slipway {
 public:
  Slipway(const Config& config, const Clock& clock, const Log& log)
      : config_(config),
        log_(log),
        clock_(clock),
        data_(config.data_dir),
        master_key_((data_.lock(), data_.master_key(random_))),
        store_(make_store(config, data_)),
        runtime_(make_runtime(config, data_, store_->installation(), log)),
        foundation_(*runtime_, server_starter(), log),
        database_(make_database(
            config, managed_server({}).get(), [this] { return foundation_.host_address(); }, store_->installation(),
            master_key_)),
        mailer_(make_mailer(config, clock_)),
        settings_(own_settings(config, log)),
        world_{measured_store_,
               measured_runtime_,
               measured_database_,
               measured_mailer_,
               probe_,
               clock_,
               random_,
               dynamic_cast<RuntimeLogs*>(runtime_.get()),
               dynamic_cast<RuntimeLimits*>(runtime_.get()),
               &metrics_,
               in_threads,
               room_of_this_machine()},
        engine_(world_, settings_, fmt::format("pid-{}", getpid()), dynamic_cast<RuntimeEvents*>(runtime_.get()), log),
        tenants_(world_, settings_, [this](const TenantId& id) { engine_.wake(id); }),
        gate_(measured_store_, clock_, config.api.access),
        health_(health_checks(), clock_),
        context_{measured_store_,
                 gate_,
                 tenants_,
                 engine_.watch(),
                 engine_.sweeper(),
                 settings_.access,
                 clock_,
                 random_,
                 world_.logs,
                 dynamic_cast<RuntimeStats*>(runtime_.get()),
                 &health_,
                 std::string(version),
                 Secret(to_hex(hmac_sha256(master_key_, "status URLs"))),
                 log,
                 &metrics_,
                 [this] { return metrics_.scrape(measured_store_); },
                 settings_.mail.language},
        router_(api::make_router(context_)),
        http_([this](const net::ServerRequest& request) { return router_.handle(request); }, http_limits(), log) {
    http_.admit([this](const net::ServerRequest& head) { return router_.refused(head); });
    http_.answer_inline([this](const net::ServerRequest& request) { return router_.handle_at_once(request); });
  }

  void start() {
    // The lock says that no other process works on this ledger, so whoever held a lease is dead.
    store_->break_leases();
    const std::uint16_t port = http_.listen_tcp(config_.api.listen.address, config_.api.listen.port);
    http_.listen_unix(config_.api.socket.string());
    http_.start();
    foundation_.start();
    engine_.start();
    health_.start();
    log_.info("Slipway is ready",
              {{"api", fmt::format("http://{}:{}", config_.api.listen.address, port)},
               {"socket", config_.api.socket.string()},
               {"app", settings_.app.image},
               {"address", settings_.access.domain == "localhost" ? "localhost" : settings_.access.address},
               {"version", version}});
  }

  void reload(const Config& config) { gate_.use(config.api.access); }

  // False where something still runs that cannot be interrupted: the process should end without waiting for it.
  bool stop() {
    http_.stop(drain_time);
    engine_.stop();
    return health_.stop();
  }

 private:
  std::unique_ptr<postgres::ManagedServer> managed_server(const HostNetwork& network) const {
    return make_managed_server(config_, data_, network, master_key_, log_);
  }

  Foundation::StartServer server_starter() const {
    if (!config_.database.url.empty()) return nullptr;
    return [this](const HostNetwork& network) { managed_server(network)->start(); };
  }

  std::vector<api::HealthCheck> health_checks() {
    return {{"ledger", [this] { return measured_store_.next_due(), std::string("ok"); }, true},
            {"engine", [this] { return engine_turns(); }, true},
            {"runtime",
             [this] {
               std::string found = measured_runtime_.check();
               foundation_.require_network();
               return found;
             }},
            {"database", [this] { return foundation_.require_server(), measured_database_.check(); }},
            {"mail", [this] { return measured_mailer_.check(); }}};
  }

  std::string engine_turns() {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - engine_.last_turn());
    if (since < engine_turn_limit) return "ok";
    throw Error(ErrorKind::unavailable, fmt::format("the engine has not looked for work for {} s", since.count()));
  }

  const Config& config_;
  Log log_;
  const Clock& clock_;
  SystemRandom random_;
  DataDir data_;
  Secret master_key_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Runtime> runtime_;
  Foundation foundation_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Mailer> mailer_;
  Metrics metrics_{version, clock_};
  MeasuredStore measured_store_{*store_, metrics_};
  MeasuredRuntime measured_runtime_{*runtime_, metrics_};
  MeasuredDatabase measured_database_{*database_, metrics_};
  MeasuredMailer measured_mailer_{*mailer_, metrics_};
  net::HttpProbe probe_;
  Settings settings_;
  World world_;
  Engine engine_;
  Tenants tenants_;
  api::Gate gate_;
  api::Health health_;
  api::Context context_;
  api::Router router_;
  net::HttpServer http_;
};

// Ends the process where an orderly stop takes too long: a worker may sit in a step that cannot be interrupted, and
// what it was doing is taken up at the next start like after any crash.
void end_anyway_after(std::chrono::seconds limit, const Log& log) {
  std::thread([limit, log] {
    std::this_thread::sleep_for(limit);
    log.warn("a step did not end in time; stopping without it, the next start takes it up");
    _exit(0);
  }).detach();
}

// What can change while Slipway runs; a file with a mistake changes nothing.
void reload(Slipway& slipway, const Config& config, const Log& log) {
  try {
    slipway.reload(load_config(config.file, process_environment()));
    log.info(
        "SIGHUP: took over api.cors_origins, api.trusted_proxies and limits.sign_ups_per_*; every other key is read at "
        "the start only, and a restart does not disturb tenants");
  } catch (const Error& error) {
    log.error(fmt::format("SIGHUP: nothing is reloaded: {}", error.what()));
  }
}

}  // namespace

void serve(const Config& config) {
  os::raise_open_files();
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto clock = std::make_shared<EvenClock>();
  const Log log = log_of(config, clock);
  Slipway slipway(config, *clock, log);
  slipway.start();
  release_start_up_memory();
  for (bool settled = false;;) {
    const int signal_number =
        settled ? sigwaitinfo(&signals, nullptr) : sigtimedwait(&signals, nullptr, &settling_time);
    if (signal_number == SIGHUP) reload(slipway, config, log);
    if (signal_number == SIGTERM || signal_number == SIGINT) break;
    if (signal_number < 0 && errno == EAGAIN) {
      release_start_up_memory();
      settled = true;
    }
  }
  log.info("stopping; tenants keep running");
  end_anyway_after(stop_limit, log);
  const bool ended = slipway.stop();
  log.info("stopped");
  if (!ended) _exit(0);  // a mail server that does not answer must not hold up the end
}

}  // namespace slipway
