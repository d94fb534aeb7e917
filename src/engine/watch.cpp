#include "engine/watch.hpp"

#include <vector>

namespace slipway {

Watch::Token Watch::on_change(const TenantId& id, std::function<void()> changed) {
  auto callback = std::make_shared<std::function<void()>>(std::move(changed));
  std::lock_guard lock(state_->mutex);
  state_->callbacks.emplace(id, callback);
  return Token(callback.get(), [state = state_, id, callback](void*) {
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

void Watch::changed(const TenantId& id) {
  std::vector<Callback> callbacks;
  {
    std::lock_guard lock(state_->mutex);
    auto [begin, end] = state_->callbacks.equal_range(id);
    for (auto it = begin; it != end; ++it) callbacks.push_back(it->second);
  }
  for (const Callback& callback : callbacks) (*callback)();
}

}  // namespace slipway
