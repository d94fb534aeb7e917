#pragma once
#include <map>
#include <mutex>
#include <string>

#include "contracts/probe.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace slipway::test {

// Asks the fake runtime's machine who listens on the target's port. An instance that runs answers 200 at once unless
// the test says otherwise. Thread-safe.
class FakeProbe : public Probe {
 public:
  explicit FakeProbe(const FakeRuntime& runtime) : runtime_(runtime) {}

  // The tenant's instance answers 503 to the next `asks` questions, and then 200.
  void ready_after(const TenantId& tenant, unsigned asks) { set(tenant, {asks, "503"}); }
  // It answers `detail` ("503", "timeout") until it is allowed to be ready again.
  void never_ready(const TenantId& tenant, std::string detail = "503") { set(tenant, {~0u, std::move(detail)}); }
  void ready(const TenantId& tenant) { set(tenant, {0, ""}); }

  unsigned asks(const TenantId& tenant) const {
    std::lock_guard lock(mutex_);
    const auto found = asked_.find(tenant);
    return found == asked_.end() ? 0 : found->second;
  }

  ProbeResult ask(const ProbeTarget& target, const std::string&, Millis) override {
    const std::optional<TenantId> tenant = runtime_.listener(target.port);
    if (!tenant) return {false, "connection refused"};
    std::lock_guard lock(mutex_);
    ++asked_[*tenant];
    const auto mood = moods_.find(*tenant);
    if (mood == moods_.end() || mood->second.not_ready == 0) return {true, "200"};
    if (mood->second.not_ready != ~0u) --mood->second.not_ready;
    return {false, mood->second.detail};
  }

 private:
  struct Mood {
    unsigned not_ready = 0;  // asks that are still refused; ~0: all
    std::string detail;
  };

  void set(const TenantId& tenant, Mood mood) {
    std::lock_guard lock(mutex_);
    moods_[tenant] = std::move(mood);
  }

  const FakeRuntime& runtime_;
  mutable std::mutex mutex_;
  std::map<TenantId, Mood> moods_;
  std::map<TenantId, unsigned> asked_;
};

}  // namespace slipway::test
