#pragma once
#include <functional>
#include <vector>

#include "engine/tenants.hpp"
#include "tests/sim/process.hpp"

namespace slipway::sim {

// The outside: sign-up forms that are sent twice, and operators who want this and then that. Each is an actor who asks
// whichever process is up, and asks again where it got no answer.
class Customers {
 public:
  // `find_process`: one that takes requests now, or null.
  Customers(Scene& scene, std::function<Process*()> find_process)
      : scene_(scene), find_process_(std::move(find_process)) {}

  // Sends them on their way; the last one asks within `period`.
  void enter(Millis period);

  const std::vector<TenantId>& known() const { return known_; }

 private:
  struct Form {
    SignUp sign_up;
    std::optional<IdempotencyKey> key;
    std::string body_hash;
  };

  Form make_form(unsigned number);
  void send(const Form& form);
  void operate(Action action);
  bool ask(const std::function<void(Process&)>& request);

  Scene& scene_;
  std::function<Process*()> find_process_;
  std::vector<TenantId> known_;
};

}  // namespace slipway::sim
