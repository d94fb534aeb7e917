#pragma once
#include <map>
#include <string>

#include "base/clock.hpp"
#include "model/step.hpp"

namespace slipway {

// The tries of something that has not succeeded yet.
struct Attempt {
  unsigned count = 0;
  TimePoint first_at;
  TimePoint not_before;
  std::string error;
  std::string extra;  // as Tenant's
};

// The tries of each step, by its name; one that has succeeded is gone. A name that this version does not know is a
// newer one's: it is kept.
class Attempts {
 public:
  // nullptr: none failed.
  const Attempt* find(Step step) const {
    const auto found = by_name_.find(to_string(step));
    return found == by_name_.end() ? nullptr : &found->second;
  }
  bool contains(Step step) const { return find(step) != nullptr; }
  Attempt& operator[](Step step) { return by_name_[std::string(to_string(step))]; }
  void erase(Step step) { by_name_.erase(std::string(to_string(step))); }

  void add(std::string name, Attempt attempt) { by_name_.emplace(std::move(name), std::move(attempt)); }
  void clear() { by_name_.clear(); }
  bool empty() const { return by_name_.empty(); }
  auto begin() { return by_name_.begin(); }
  auto end() { return by_name_.end(); }
  auto begin() const { return by_name_.begin(); }
  auto end() const { return by_name_.end(); }

 private:
  std::map<std::string, Attempt, std::less<>> by_name_;
};

}  // namespace slipway
