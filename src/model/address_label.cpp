#include "model/address_label.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"

namespace slipway {
namespace {

constexpr std::size_t octets = 4;
constexpr std::size_t groups = 8;  // of an IPv6 address

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdefABCDEF") == text.npos; }

// Also with zeros in front, which the services take for an address and then refuse.
bool is_octet(const std::string& text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of("0123456789") == text.npos &&
         std::stoi(text) <= 255;
}

bool is_group(const std::string& text) { return !text.empty() && text.size() <= 4 && is_hex(text); }

// Whether `length` parts one after another are all so.
template <class Is>
bool has_run(const std::vector<std::string>& parts, std::size_t length, Is is) {
  std::size_t run = 0;
  for (const std::string& part : parts) {
    run = is(part) ? run + 1 : 0;
    if (run == length) return true;
  }
  return false;
}

// "a--b" is a::b. Of three hyphens the first or the last may be a boundary: "x---1" holds ::1, "a---x" a::, and four
// hold :: alone.
bool has_gap(const std::vector<std::string>& parts) {
  const auto part = [&](std::size_t i) -> const std::string& { return parts[i]; };
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    if (!part(i).empty()) continue;
    const bool before = is_group(part(i - 1)), after = is_group(part(i + 1));
    const bool bounded_before = part(i - 1).empty(), bounded_after = part(i + 1).empty();
    if ((before || bounded_before) && (after || bounded_after)) return true;
  }
  return false;
}

}  // namespace

bool holds_address(std::string_view label) {
  const auto parts = split(label, '-');
  return has_run(parts, octets, is_octet) || has_run(parts, groups, is_group) || has_gap(parts);
}

bool holds_hex_address(std::string_view label) {
  const auto parts = split(label, '-');
  return std::any_of(parts.begin(), parts.end(), [](const std::string& p) { return p.size() == 8 && is_hex(p); });
}

}  // namespace slipway
