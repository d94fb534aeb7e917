#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "model/names.hpp"

namespace slipway {

// Notifies those who wait that a tenant changed; they re-read the ledger, on a thread of their own.
class Watch {
 public:
  // While the token lives, `changed` is called after each change, from the thread that made it: it only notifies, does
  // not throw, and does not let go of its own token. Letting go of the token waits for a call under way.
  using Token = std::shared_ptr<void>;
  [[nodiscard]] Token on_change(const TenantId& id, std::function<void()> changed);

  void changed(const TenantId& id);

  // How many wait for this one.
  std::size_t watchers(const TenantId& id) const;

 private:
  struct Callback {
    std::mutex mutex;
    std::function<void()> call;
  };
  struct State {
    std::mutex mutex;
    std::unordered_multimap<TenantId, std::shared_ptr<Callback>> callbacks;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace slipway
