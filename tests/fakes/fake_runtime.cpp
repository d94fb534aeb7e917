#include "tests/fakes/fake_runtime.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/fakes/fake_runtime_machine.hpp"

namespace slipway::test {
namespace {

constexpr std::string_view call_names[] = {"prepare", "create",    "start",     "stop",    "remove",
                                           "inspect", "instances", "resources", "discard", "check"};

std::string_view name_of(RuntimeCall call) { return call_names[static_cast<std::size_t>(call)]; }

}  // namespace

FakeRuntime::FakeRuntime(InstallationId installation)
    : machine_(std::make_shared<Machine>()), installation_(std::move(installation)) {}
FakeRuntime::FakeRuntime(const FakeRuntime& other, InstallationId installation)
    : machine_(other.machine_), installation_(std::move(installation)) {}
FakeRuntime::~FakeRuntime() = default;

bool FakeRuntime::enter(RuntimeCall call, const TenantId& tenant) {
  ++machine_->calls[call];
  auto& faults = machine_->faults;
  const auto fault = std::find_if(faults.begin(), faults.end(), [&](const Fault& candidate) {
    return candidate.call == call && (!candidate.tenant || *candidate.tenant == tenant);
  });
  if (fault == faults.end()) return false;
  const std::optional<Error> error = fault->error;
  if (--fault->times == 0) faults.erase(fault);
  if (error) throw Error(*error);
  return true;
}

void FakeRuntime::leave(bool lost, RuntimeCall call) {
  if (lost) throw Error(ErrorKind::unavailable, fmt::format("fake runtime: the reply to {} was lost", name_of(call)));
}

FakeRuntime::Box* FakeRuntime::find(const TenantId& tenant) const {
  const auto box = machine_->boxes.find({installation_, tenant});
  return box == machine_->boxes.end() ? nullptr : &box->second;
}

Instance FakeRuntime::view(const Box& box) const {
  Instance instance;
  instance.tenant = box.spec.tenant;
  instance.id = box.id;
  instance.state = box.state;
  instance.exit_code = box.exit_code;
  instance.out_of_memory = box.out_of_memory;
  instance.hopeless = box.hopeless;
  instance.no_room = box.no_room;
  instance.error = box.error;
  instance.fingerprint = box.spec.fingerprint;
  if (box.host_port.value() != 0) instance.host_port = box.host_port;
  if (box.state == InstanceState::running) instance.address = box.address;
  return instance;
}

void FakeRuntime::announce(const TenantId& tenant) {
  machine_->history.emplace_back(installation_, tenant);
  machine_->changed.notify_all();
}

HostNetwork FakeRuntime::prepare() {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::prepare, {});
  leave(lost, RuntimeCall::prepare);
  return {"172.30.0.1", "172.30.0.0/16"};
}

std::string FakeRuntime::pin(const std::string& image, const Progress&) {
  std::lock_guard lock(machine_->mutex);
  if (machine_->missing_images.contains(image)) {
    throw Error(ErrorKind::not_found, fmt::format("fake runtime: no such image: {}", image));
  }
  const auto pushed = machine_->pushed_images.find(image);
  return pushed == machine_->pushed_images.end() ? image : fmt::format("{}@{}", image, pushed->second);
}

void FakeRuntime::set_limits(const TenantId& tenant, const Plan& plan) {
  std::lock_guard lock(machine_->mutex);
  if (Box* box = find(tenant)) box->spec.plan = plan;
}

Instance FakeRuntime::create(const InstanceSpec& spec, const Progress& progress) {
  if (progress) progress("pulling " + spec.image);
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::create, spec.tenant);
  if (machine_->missing_images.contains(spec.image)) {
    throw Error(ErrorKind::not_found, fmt::format("fake runtime: no such image: {}", spec.image));
  }
  Box* box = find(spec.tenant);
  const bool other_port = box != nullptr && spec.host_port.value() != 0 && box->host_port != spec.host_port;
  if (box == nullptr || other_port || box->spec.fingerprint != spec.fingerprint) {
    Box fresh;
    fresh.spec = spec;
    fresh.id = fmt::format("box{:06}", ++machine_->made);
    fresh.host_port =
        spec.host_port.value() != 0 || machine_->takes_time ? spec.host_port : Port(machine_->next_port++);
    const Machine::Key key(installation_, spec.tenant);
    for (const VolumeSpec& volume : spec.volumes) machine_->volumes[key].insert(volume.name);
    box = &machine_->boxes.insert_or_assign(key, std::move(fresh)).first->second;
    ++machine_->creates[spec.tenant];
  }
  leave(lost, RuntimeCall::create);
  return view(*box);
}

StartResult FakeRuntime::start(const TenantId& tenant, std::uint32_t) {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::start, tenant);
  Box* box = find(tenant);
  if (!box) throw Error(ErrorKind::not_found, fmt::format("fake runtime: no instance of {}", tenant.value()));
  if (box->state != InstanceState::running && box->state != InstanceState::starting) {
    const bool ours = std::any_of(machine_->boxes.begin(), machine_->boxes.end(), [&](const auto& other) {
      return other.second.state == InstanceState::running && other.second.host_port == box->host_port;
    });
    if (box->state == InstanceState::stopping) {
      throw Error(ErrorKind::unavailable, "fake runtime: the earlier run has not ended yet");
    }
    if (ours || machine_->taken.contains(box->host_port)) {
      leave(lost, RuntimeCall::start);
      return StartResult::port_taken;
    }
    if (!box->spec.command.empty() && machine_->missing_programs.contains(box->spec.command.front())) {
      throw Error(ErrorKind::invalid, fmt::format("fake runtime: no such program: {}", box->spec.command.front()));
    }
    ++machine_->starts[tenant];
    const auto ends = machine_->exit_on_start.find({installation_, tenant});
    const bool stays = ends == machine_->exit_on_start.end();
    const InstanceState up = machine_->takes_time ? InstanceState::starting : InstanceState::running;
    box->state = stays ? up : InstanceState::exited;
    box->exit_code = stays ? 0 : ends->second;
    box->out_of_memory = box->hopeless = box->no_room = false;
    box->error.clear();
    if (!stays) announce(tenant);
  }
  leave(lost, RuntimeCall::start);
  return StartResult::started;
}

void FakeRuntime::stop(const TenantId& tenant, Millis) {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::stop, tenant);
  Box* box = find(tenant);
  if (box && (box->state == InstanceState::running || box->state == InstanceState::starting)) {
    box->state = machine_->takes_time ? InstanceState::stopping : InstanceState::exited;
    box->exit_code = 0;
    announce(tenant);
  }
  leave(lost, RuntimeCall::stop);
}

void FakeRuntime::remove_locked(const TenantId& tenant, bool volumes) {
  const Machine::Key key(installation_, tenant);
  if (machine_->boxes.erase(key) > 0) announce(tenant);
  if (volumes) machine_->volumes.erase(key);
}

void FakeRuntime::remove(const TenantId& tenant, bool volumes) {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::remove, tenant);
  remove_locked(tenant, volumes);
  leave(lost, RuntimeCall::remove);
}

std::optional<Instance> FakeRuntime::inspect(const TenantId& tenant) {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::inspect, tenant);
  leave(lost, RuntimeCall::inspect);
  const Box* box = find(tenant);
  if (!box) return std::nullopt;
  return view(*box);
}

std::vector<Instance> FakeRuntime::instances() {
  std::lock_guard lock(machine_->mutex);
  leave(enter(RuntimeCall::instances, {}), RuntimeCall::instances);
  std::vector<Instance> all;
  for (const auto& [key, box] : machine_->boxes) {
    if (key.first == installation_) all.push_back(view(box));
  }
  return all;
}

std::vector<Resource> FakeRuntime::resources() {
  std::lock_guard lock(machine_->mutex);
  leave(enter(RuntimeCall::resources, {}), RuntimeCall::resources);
  std::vector<Resource> all;
  for (const auto& [key, box] : machine_->boxes) {
    if (key.first == installation_) all.push_back({"container", resource_name(installation_, key.second), key.second});
  }
  for (const auto& [key, names] : machine_->volumes) {
    if (key.first != installation_) continue;
    for (const std::string& name : names) {
      all.push_back({"volume", resource_name(installation_, key.second) + "_" + name, key.second});
    }
  }
  const auto& orphans = machine_->orphans[installation_];
  all.insert(all.end(), orphans.begin(), orphans.end());
  return all;
}

void FakeRuntime::discard(const Resource& resource) {
  std::lock_guard lock(machine_->mutex);
  const bool lost = enter(RuntimeCall::discard, resource.tenant);
  const auto same = [&](const Resource& other) { return other.kind == resource.kind && other.name == resource.name; };
  std::erase_if(machine_->orphans[installation_], same);
  if (resource.name.starts_with(resource_prefix(installation_))) {
    if (resource.kind == "container") remove_locked(tenant_of_resource(installation_, resource.name), false);
    for (auto& [key, names] : machine_->volumes) {
      if (resource.kind != "volume" || key.first != installation_) continue;
      std::erase_if(names, [&, tenant = key.second](const std::string& name) {  // Clang 14 captures no binding
        return resource.name == resource_name(installation_, tenant) + "_" + name;
      });
    }
    std::erase_if(machine_->volumes, [](const auto& entry) { return entry.second.empty(); });
  }
  leave(lost, RuntimeCall::discard);
}

std::string FakeRuntime::check() {
  std::lock_guard lock(machine_->mutex);
  leave(enter(RuntimeCall::check, {}), RuntimeCall::check);
  return "fake runtime";
}

void FakeRuntime::watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                        std::stop_token stop) {
  std::unique_lock lock(machine_->mutex);
  std::size_t seen = machine_->history.size();
  lock.unlock();
  missed();
  lock.lock();
  while (machine_->changed.wait(lock, stop, [&] { return machine_->history.size() > seen; })) {
    const Machine::Key key = machine_->history[seen++];
    if (key.first != installation_) continue;
    lock.unlock();
    changed(key.second);
    lock.lock();
  }
}

}  // namespace slipway::test
