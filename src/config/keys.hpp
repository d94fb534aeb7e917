#pragma once
#include <fmt/format.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/place.hpp"
#include "config/types.hpp"

namespace slipway::config {

// What an absent key stands for.
struct Absent {
  std::string_view value;     // in YAML
  std::string_view words;     // in the reference, if there is no such value
  std::string_view required;  // why the key must be there; empty if it need not
};

// The member of an object of a Place that a key's value goes into.
struct Member {
  void* (*in)(Place&);
  void (*assign)(void* member, const Value& value);  // to a list: appends
  void (*clear)(void* member);
  std::string (*print)(
      const void* member);  // as slipway.yaml has it; empty for what has no default that could follow from others
};

template <class M>
inline constexpr bool is_list = false;
template <class E>
inline constexpr bool is_list<std::vector<E>> = true;

template <class M>
void assign(void* member, const Value& value) {
  M& to = *static_cast<M*>(member);
  std::visit(
      [&to](const auto& from) {
        using V = std::decay_t<decltype(from)>;
        if constexpr (is_list<M>) {
          if constexpr (std::is_same_v<V, typename M::value_type>) return to.push_back(from);
        } else if constexpr (std::is_constructible_v<M, V> || (std::is_enum_v<M> && std::is_integral_v<V>)) {
          to = static_cast<M>(from);
          return;
        }
        throw std::logic_error("a key's type does not fit its member");
      },
      value);
}

template <class M>
std::string print(const void* member) {
  const M& value = *static_cast<const M*>(member);
  if constexpr (std::is_same_v<M, std::filesystem::path>) {
    return value.string();
  } else if constexpr (std::is_same_v<M, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<M, std::vector<std::string>>) {
    return fmt::format("[{}]", fmt::join(value, ", "));
  } else if constexpr (std::is_arithmetic_v<M>) {
    return fmt::to_string(value);
  } else {
    return "";
  }
}

template <auto member>
struct MemberOf;
template <class T, class M, M T::*member>
struct MemberOf<member> {
  static void* in(Place& place) { return &(std::get<T*>(place)->*member); }
  static constexpr Member value{in, assign<M>, [](void* to) { *static_cast<M*>(to) = M{}; }, print<M>};
};
template <auto member>
inline constexpr const Member& at = MemberOf<member>::value;

// A row of the table of keys. Whatever reads slipway.yaml, checks it, shows it or describes it goes by that table.
struct Key {
  Key(std::string_view the_path, const Member& the_member, Type type, Absent if_absent, std::string_view sentence)
      : path(the_path),
        member(the_member),
        kind(std::move(type.kind)),
        parse(std::move(type.parse)),
        absent(if_absent),
        meaning(sentence) {}

  std::string_view path;  // "app.health.path"; "*" stands for a name, "[]" for each item of a list
  const Member& member;
  Kind kind;
  std::function<Value(std::string_view)> parse;  // a value, or an item of a list; as the types in types.hpp
  Absent absent;
  std::string_view meaning;  // in Markdown
};

const std::vector<Key>& keys();              // in the order of the reference
const Key* find_key(std::string_view path);  // nullptr for a section, and for what is unknown

// The names that may stand directly in the section at `path` ("" is the file's top); {"*"} if they are free.
std::vector<std::string> names_below(std::string_view path);

}  // namespace slipway::config
