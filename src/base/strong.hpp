#pragma once
#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace slipway {

// A value that cannot be mistaken for another of the same representation: `Strong<struct TenantIdTag, std::string>`.
template <class Tag, class T>
class Strong {
 public:
  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

template <class Tag>
const std::string& to_string(const Strong<Tag, std::string>& s) {
  return s.value();
}

}  // namespace slipway

template <class Tag, class T>
struct std::hash<slipway::Strong<Tag, T>> {
  std::size_t operator()(const slipway::Strong<Tag, T>& s) const { return std::hash<T>{}(s.value()); }
};
