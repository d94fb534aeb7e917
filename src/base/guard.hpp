#pragma once
#include <exception>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace slipway {

// What was thrown, in words.
std::string words_of(const std::exception_ptr& thrown);

// Logs as an error that `doing` threw. Does not throw itself, also where there is no memory to say so.
void log_thrown(const Log& log, std::string_view doing, const std::exception_ptr& thrown) noexcept;

// Calls `body`, and survives and logs whatever it throws, so that no thread ends the process. `doing` names the work
// for the log. True where it returned. Every thread's outermost function is called through this.
template <class Body>
bool guarded(const Log& log, std::string_view doing, Body&& body) noexcept {
  try {
    body();
    return true;
  } catch (...) {
    log_thrown(log, doing, std::current_exception());
    return false;
  }
}

}  // namespace slipway
