#include <fmt/format.h>

#include <algorithm>

#include "tests/fakes/fake_runtime_machine.hpp"

namespace slipway::test {

void FakeRuntime::fail_next(RuntimeCall call, Error error, unsigned times, std::optional<TenantId> tenant) {
  std::lock_guard lock(machine_->mutex);
  if (times > 0) machine_->faults.push_back({call, std::move(tenant), times, std::move(error)});
}

void FakeRuntime::lose_reply_next(RuntimeCall call, unsigned times, std::optional<TenantId> tenant) {
  std::lock_guard lock(machine_->mutex);
  if (times > 0) machine_->faults.push_back({call, std::move(tenant), times, std::nullopt});
}

void FakeRuntime::clear_faults() {
  std::lock_guard lock(machine_->mutex);
  machine_->faults.clear();
}

void FakeRuntime::take_port(Port port) {
  std::lock_guard lock(machine_->mutex);
  machine_->taken.insert(port);
}

void FakeRuntime::free_port(Port port) {
  std::lock_guard lock(machine_->mutex);
  machine_->taken.erase(port);
}

void FakeRuntime::remove_image(const std::string& image) {
  std::lock_guard lock(machine_->mutex);
  machine_->missing_images.insert(image);
}

void FakeRuntime::add_image(const std::string& image) {
  std::lock_guard lock(machine_->mutex);
  machine_->missing_images.erase(image);
}

void FakeRuntime::push_image(const std::string& image) {
  std::lock_guard lock(machine_->mutex);
  ++machine_->pushed_images[image];
}

void FakeRuntime::remove_program(const std::string& program) {
  std::lock_guard lock(machine_->mutex);
  machine_->missing_programs.insert(program);
}

bool FakeRuntime::exit(const TenantId& tenant, int code, bool out_of_memory) {
  std::lock_guard lock(machine_->mutex);
  Box* box = find(tenant);
  if (!box || box->state != InstanceState::running) return false;
  box->state = InstanceState::exited;
  box->exit_code = code;
  box->out_of_memory = out_of_memory;
  announce(tenant);
  return true;
}

bool FakeRuntime::vanish(const TenantId& tenant) {
  std::lock_guard lock(machine_->mutex);
  if (!find(tenant)) return false;
  remove_locked(tenant, false);
  return true;
}

void FakeRuntime::exit_on_start(const TenantId& tenant, std::optional<int> code) {
  std::lock_guard lock(machine_->mutex);
  machine_->exit_on_start.erase({installation_, tenant});
  if (code) machine_->exit_on_start[{installation_, tenant}] = *code;
}

void FakeRuntime::take_time(std::string address) {
  std::lock_guard lock(machine_->mutex);
  machine_->takes_time = true;
  machine_->address = std::move(address);
}

bool FakeRuntime::go_on(const TenantId& tenant) {
  std::lock_guard lock(machine_->mutex);
  Box* box = find(tenant);
  if (!box) return false;
  if (box->state == InstanceState::stopping) {
    box->state = InstanceState::exited;
  } else if (box->state == InstanceState::starting) {
    box->state = InstanceState::running;
    box->address = machine_->address;
    if (box->spec.host_port.value() == 0) box->host_port = Port(machine_->next_port++);
  } else {
    return false;
  }
  announce(tenant);
  return true;
}

bool FakeRuntime::end_hopelessly(const TenantId& tenant, std::string error) {
  std::lock_guard lock(machine_->mutex);
  Box* box = find(tenant);
  if (!box) return false;
  box->state = InstanceState::exited;
  box->exit_code = 1;
  box->hopeless = true;
  box->error = std::move(error);
  announce(tenant);
  return true;
}

bool FakeRuntime::end_without_room(const TenantId& tenant) {
  std::lock_guard lock(machine_->mutex);
  Box* box = find(tenant);
  if (!box || box->state != InstanceState::starting) return false;
  box->state = InstanceState::exited;
  box->no_room = true;
  box->error = "the cluster is full";
  announce(tenant);
  return true;
}

void FakeRuntime::reboot() {
  std::lock_guard lock(machine_->mutex);
  for (auto& [key, box] : machine_->boxes) {
    if (box.state != InstanceState::running) continue;
    box.state = InstanceState::exited;
    box.exit_code = 137;
  }
}

void FakeRuntime::add_orphan(const Resource& resource) {
  std::lock_guard lock(machine_->mutex);
  machine_->orphans[installation_].push_back(resource);
}

unsigned FakeRuntime::creates(const TenantId& tenant) const {
  std::lock_guard lock(machine_->mutex);
  const auto found = machine_->creates.find(tenant);
  return found == machine_->creates.end() ? 0 : found->second;
}

unsigned FakeRuntime::starts(const TenantId& tenant) const {
  std::lock_guard lock(machine_->mutex);
  const auto found = machine_->starts.find(tenant);
  return found == machine_->starts.end() ? 0 : found->second;
}

unsigned FakeRuntime::calls(RuntimeCall call) const {
  std::lock_guard lock(machine_->mutex);
  const auto found = machine_->calls.find(call);
  return found == machine_->calls.end() ? 0 : found->second;
}

std::optional<InstanceSpec> FakeRuntime::spec(const TenantId& tenant) const {
  std::lock_guard lock(machine_->mutex);
  const Box* box = find(tenant);
  if (!box) return std::nullopt;
  return box->spec;
}

std::optional<TenantId> FakeRuntime::listener(Port port) const {
  std::lock_guard lock(machine_->mutex);
  for (const auto& [key, box] : machine_->boxes) {
    if (box.state == InstanceState::running && box.host_port == port) return key.second;
  }
  return std::nullopt;
}

}  // namespace slipway::test
