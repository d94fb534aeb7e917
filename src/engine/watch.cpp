#include "engine/watch.hpp"

#include <vector>

namespace slipway {

Watch::Token Watch::on_change(const TenantId& id, std::function<void()> changed) {
  auto callback = std::make_shared<Callback>();
  callback->call = std::move(changed);
  std::lock_guard lock(state_->mutex);
  state_->callbacks.emplace(id, callback);
  return Token(callback.get(), [state = state_, id, callback](void*) {
    {
      std::lock_guard running(callback->mutex);  // waits for a call under way; none begins after it
      callback->call = nullptr;
    }
    std::lock_guard guard(state->mutex);
    auto [begin, end] = state->callbacks.equal_range(id);
    for (auto it = begin; it != end; ++it) {
      if (it->second == callback) {
        state->callbacks.erase(it);
        return;
      }
    }
  });
}

std::size_t Watch::watchers(const TenantId& id) const {
  const std::lock_guard lock(state_->mutex);
  return state_->callbacks.count(id);
}

void Watch::changed(const TenantId& id) {
  std::vector<std::shared_ptr<Callback>> callbacks;
  {
    std::lock_guard lock(state_->mutex);
    auto [begin, end] = state_->callbacks.equal_range(id);
    for (auto it = begin; it != end; ++it) callbacks.push_back(it->second);
  }
  for (const auto& callback : callbacks) {
    std::lock_guard running(callback->mutex);
    if (callback->call) callback->call();
  }
}

}  // namespace slipway
