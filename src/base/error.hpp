#pragma once
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway {

// What an error means for the one who receives it. `limited` and `unavailable` pass by themselves and are retried;
// `internal` is a surprise (a bug, a torn answer) and is retried too; the others never change by waiting.
enum class ErrorKind { invalid, unauthorized, forbidden, not_found, conflict, limited, unavailable, internal };

std::string_view to_string(ErrorKind kind);

// One field of a request or a configuration that was refused, and why.
struct FieldError {
  std::string field;
  std::string message;
};

// The project's only exception. The message says what was tried, what came back and what to do; it never holds a
// secret.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  bool retryable() const {
    return kind_ == ErrorKind::limited || kind_ == ErrorKind::unavailable || kind_ == ErrorKind::internal;
  }
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }

  // How long the other side asked us to wait before the next try.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }
  const std::vector<FieldError>& fields() const { return fields_; }

  Error&& after(std::chrono::milliseconds wait) && {
    retry_after_ = wait;
    return std::move(*this);
  }
  Error&& on(std::string field, std::string why) && {
    fields_.push_back({std::move(field), std::move(why)});
    return std::move(*this);
  }
  // Puts what was being done in front: "start container: docker: no such image".
  void add_context(std::string_view doing) { message_.insert(0, std::string(doing) + ": "); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::optional<std::chrono::milliseconds> retry_after_;
  std::vector<FieldError> fields_;
};

// Runs `f`; an Error that leaves it gets `doing` put in front.
template <class F>
decltype(auto) with_context(std::string_view doing, F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (Error& e) {
    e.add_context(doing);
    throw;
  }
}

}  // namespace slipway
