#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "contracts/mailer.hpp"

namespace slipway::test {

// A working mailer in memory: one mail for each key, as a provider with idempotency keys does it (the same key with
// another mail is a conflict). Faults are programmed before the call that is to meet them. Thread-safe.
class FakeMailer : public Mailer {
 public:
  struct Sent {
    std::string key;
    std::string id;
    Message message;
    unsigned calls = 1;  // how often it was handed over; the customer got one
  };

  std::string send(const Message& message, const std::string& key) override;
  std::string check() override;

  // The next `n` calls of send() do nothing and throw `error`.
  void fail_next(unsigned n, const Error& error);
  // The next `n` calls of send() take the mail and then throw unavailable, as when the answer is lost on its way.
  void lose_replies(unsigned n);
  // While down, send() and check() throw unavailable.
  void set_down(bool down);

  std::vector<Sent> sent() const;  // in the order of their first arrival
  std::optional<Sent> find(const std::string& key) const;
  std::size_t count() const;    // mails, that is distinct keys
  std::size_t repeats() const;  // calls that brought a key that was there already

 private:
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;
  std::vector<Error> faults_;
  unsigned lost_replies_ = 0;
  bool down_ = false;
};

}  // namespace slipway::test
