#pragma once
#include <string>
#include <string_view>

namespace slipway {

// A text that must not be printed: it has no stream operator and no formatter, only `reveal()`, and its memory is
// wiped when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void wipe();
  std::string value_;
};

// Replaces every occurrence of the secret in `text` by `***`, for text that comes from elsewhere (a server's error).
std::string masked(std::string_view text, const Secret& secret);

}  // namespace slipway
