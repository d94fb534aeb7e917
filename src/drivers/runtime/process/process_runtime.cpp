#include "drivers/runtime/process/process_runtime.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/random.hpp"
#include "drivers/runtime/process/command.hpp"
#include "drivers/runtime/process/ports.hpp"
#include "os/proc.hpp"

namespace slipway::process {
namespace fs = std::filesystem;
namespace {

constexpr Millis kill_timeout{10'000};    // between SIGKILL and the end
constexpr Millis settle_timeout{5'000};   // between the command's end and its record
constexpr Millis longest_grace{300'000};  // of a stop
constexpr Millis lock_timeout{30'000};

// An end that nobody saw: the machine restarted, or the supervisor was killed and then the command ended.
bool ended_unseen(const RunState& state, const std::string& scope) {
  return !state.exited &&
         (state.scope != scope || (!os::is_running(state.command) && !os::is_running(state.supervisor)));
}

}  // namespace

ProcessRuntime::ProcessRuntime(ProcessOptions options, InstallationId installation, Log log)
    : options_(std::move(options)), installation_(std::move(installation)), log_(std::move(log)) {}

TenantFiles ProcessRuntime::files(const TenantId& tenant) const {
  return TenantFiles(fs::absolute(options_.directory) / resource_name(installation_, tenant));
}

std::vector<TenantId> ProcessRuntime::tenants() const {
  std::vector<TenantId> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(options_.directory, error)) {
    TenantId tenant = tenant_of_resource(installation_, entry.path().filename().string());
    if (!tenant.value().empty() && entry.is_directory(error)) found.push_back(std::move(tenant));
  }
  if (error && error.value() != ENOENT) throw_errno("list " + options_.directory.string(), error.value());
  std::sort(found.begin(), found.end());
  return found;
}

HostNetwork ProcessRuntime::prepare() {
  std::error_code error;
  fs::create_directories(options_.directory, error);
  if (error) throw_errno("make " + options_.directory.string(), error.value());
  return {"127.0.0.1", "127.0.0.1/32"};
}

Instance ProcessRuntime::view(const TenantFiles& files, const StoredSpec& stored) const {
  Instance instance;
  instance.tenant = stored.spec.tenant;
  instance.id = stored.id;
  instance.host_port = stored.spec.host_port;
  instance.fingerprint = stored.spec.fingerprint;
  const std::optional<RunState> state = files.state();
  if (!state) return instance;
  instance.state = InstanceState::exited;
  instance.exit_code = state->exit_code;
  if (ended_unseen(*state, files.scope())) {
    instance.exit_code = 128 + SIGKILL;
    instance.error = "ended while nobody watched: the machine restarted or the supervisor was killed";
  } else if (!state->exited) {
    instance.state = InstanceState::running;
  }
  return instance;
}

Instance ProcessRuntime::create(const InstanceSpec& spec, const Progress&) {
  if (spec.command.empty() || spec.command.front().empty()) {
    throw Error(ErrorKind::invalid, "the process runtime has no images; set app.command").on("app.command", "is empty");
  }
  prepare();
  const TenantFiles files = this->files(spec.tenant);
  const os::Descriptor lock = lock_tenant(files.directory(), true, lock_timeout);
  if (const auto stored = files.spec()) {
    const bool same_port = spec.host_port.value() == 0 || stored->spec.host_port == spec.host_port;
    if (same_port && stored->spec.fingerprint == spec.fingerprint) return view(files, *stored);
  }
  stop_locked(files, Millis(0));
  SystemRandom random;
  StoredSpec fresh{spec, fmt::format("p_{:016x}", random.next())};
  if (spec.host_port.value() == 0) fresh.spec.host_port = choose_port();
  files.remove_run();
  files.write_spec(fresh);
  return view(files, fresh);
}

StartResult ProcessRuntime::start(const TenantId& tenant, std::uint32_t) {
  const TenantFiles files = this->files(tenant);
  const os::Descriptor lock = lock_tenant(files.directory(), false, lock_timeout);
  const std::optional<StoredSpec> stored = lock ? files.spec() : std::nullopt;
  if (!stored) throw Error(ErrorKind::not_found, fmt::format("process runtime: no instance of {}", tenant.value()));
  if (const auto state = files.state(); state && state->scope == files.scope()) {
    if (!state->exited && os::is_running(state->command)) return StartResult::started;
    // What is left of the run before must be gone before the next one begins.
    if (!os::wait_until_ended(state->supervisor, settle_timeout)) stop_locked(files, Millis(0));
    if (!state->exited) os::kill_marked(files.marker(), kill_timeout);
  }
  if (!is_free(stored->spec.host_port)) return StartResult::port_taken;
  launch(files, options_, lock);
  return StartResult::started;
}

void ProcessRuntime::stop_locked(const TenantFiles& files, Millis grace) const {
  const std::optional<RunState> state = files.state();
  if (!state || state->scope != files.scope()) return;
  const os::ProcessName supervisor = state->supervisor, command = state->command;
  const auto group = [&](int signal) {
    if (os::is_running(command)) kill(-command.pid, signal);
  };
  // Without a supervisor nobody else ends what the command has started.
  std::vector<os::ProcessEntry> orphans;
  if (!os::is_running(supervisor) && os::is_running(command)) orphans = os::members_of(supervisor);
  if (grace > Millis(0) && os::is_running(command)) {
    group(SIGTERM);
    // The supervisor ends last; without one the command must be watched itself.
    os::wait_until_ended(os::is_running(supervisor) ? supervisor : command, std::min(grace, longest_grace));
  }
  group(SIGKILL);
  const bool recorded = os::wait_until_ended(supervisor, kill_timeout);
  for (const os::ProcessEntry& orphan : orphans) os::send_signal(orphan.name, SIGKILL);
  const bool gone = os::kill_marked(files.marker(), kill_timeout) && os::wait_until_ended(command, kill_timeout);
  if (!recorded || !gone) {
    throw Error(ErrorKind::unavailable,
                fmt::format("process runtime: the processes of {} do not end although they were killed (pid {})",
                            files.directory().filename().string(), command.pid));
  }
}

void ProcessRuntime::stop(const TenantId& tenant, Millis grace) {
  const TenantFiles files = this->files(tenant);
  const os::Descriptor lock = lock_tenant(files.directory(), false, lock_timeout);
  if (lock) stop_locked(files, grace);
}

void ProcessRuntime::remove(const TenantId& tenant, bool volumes) {
  const TenantFiles files = this->files(tenant);
  const os::Descriptor lock = lock_tenant(files.directory(), false, lock_timeout);
  if (!lock) return;
  stop_locked(files, Millis(0));
  files.remove_instance();
  if (volumes) files.remove_volumes();
}

std::optional<Instance> ProcessRuntime::inspect(const TenantId& tenant) {
  const TenantFiles files = this->files(tenant);
  const auto stored = files.spec();
  if (!stored) return std::nullopt;
  return view(files, *stored);
}

std::vector<Instance> ProcessRuntime::instances() {
  std::vector<Instance> all;
  for (const TenantId& tenant : tenants()) {
    if (auto instance = inspect(tenant)) all.push_back(std::move(*instance));
  }
  return all;
}

std::vector<Resource> ProcessRuntime::resources() {
  std::vector<Resource> all;
  for (const TenantId& tenant : tenants()) {
    const std::string name = resource_name(installation_, tenant);
    if (files(tenant).spec()) all.push_back({"process", name, tenant});
    all.push_back({"directory", name, tenant});
  }
  return all;
}

void ProcessRuntime::discard(const Resource& resource) {
  const TenantId tenant = tenant_of_resource(installation_, resource.name);
  if (tenant.value().empty()) return;
  if (resource.kind == "process") remove(tenant, false);
  if (resource.kind == "directory") remove(tenant, true);
}

std::string ProcessRuntime::check() {
  prepare();
  if (access(options_.directory.c_str(), W_OK | X_OK) != 0) {
    throw_errno(fmt::format("write into {} (make it writable for Slipway)", options_.directory.string()), errno);
  }
  if (os::start_of(getpid()) == 0) {
    throw Error(ErrorKind::unavailable, "process runtime: /proc cannot be read; mount it");
  }
  if (!options_.user.empty()) find_user(options_.user);
  return "processes in " + options_.directory.string() + ", not isolated from each other";
}

}  // namespace slipway::process
