#include "base/secret.hpp"

#include <openssl/crypto.h>

#include <utility>

namespace slipway {

Secret::Secret(Secret&& other) noexcept : value_(other.value_) { other.wipe(); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = other.value_;
    other.wipe();
  }
  return *this;
}

void Secret::wipe() {
  OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

std::string masked(std::string_view text, const Secret& secret) {
  std::string out(text);
  if (secret.empty()) return out;
  const std::string& needle = secret.reveal();
  for (auto at = out.find(needle); at != std::string::npos; at = out.find(needle, at + 3)) {
    out.replace(at, needle.size(), "***");
  }
  return out;
}

}  // namespace slipway
