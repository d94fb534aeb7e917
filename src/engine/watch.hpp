#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "model/names.hpp"

namespace slipway {

// Tells those who wait that something about a tenant has changed; what it is they read from the ledger.
class Watch {
 public:
  // While the token lives, `changed` is called after each change, from any thread; it must be quick, not throw, and not
  // let go of its own token. Letting go of the token waits for a call under way.
  using Token = std::shared_ptr<void>;
  [[nodiscard]] Token on_change(const TenantId& id, std::function<void()> changed);

  void changed(const TenantId& id);

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
