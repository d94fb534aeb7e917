#include "net/request_headers.hpp"

#include <algorithm>
#include <array>

#include "net/http.hpp"

namespace slipway::net {
namespace {

constexpr std::array<std::string_view, 9> single_headers = {"Authorization", "Content-Length", "Content-Type",
                                                            "Expect",        "Host",           "Idempotency-Key",
                                                            "Last-Event-ID", "Origin",         "Transfer-Encoding"};

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(sets.begin(), sets.end(), [c](std::string_view set) { return set.find(c) != set.npos; });
  });
}

}  // namespace

std::string_view single_header(std::string_view name) {
  const auto found = std::find_if(single_headers.begin(), single_headers.end(),
                                  [name](std::string_view known) { return same_ignoring_case(known, name); });
  return found == single_headers.end() ? std::string_view() : *found;
}

bool is_host(std::string_view value) {
  if (value.empty()) return true;
  std::size_t end = 0;
  if (value.front() == '[') {
    end = value.find(']');
    if (end == value.npos || end < 3 || !consists_of(value.substr(1, end - 1), {digits, letters, ":."})) return false;
    ++end;
  } else {
    end = std::min(value.find(':'), value.size());
    if (end == 0 || !consists_of(value.substr(0, end), {digits, letters, "-._~%!$&'()*+;="})) return false;
  }
  const std::string_view port = value.substr(end);
  return port.empty() || (port.front() == ':' && consists_of(port.substr(1), {digits}));
}

}  // namespace slipway::net
