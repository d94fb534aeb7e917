#pragma once
#include <fmt/format.h>

#include <functional>
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

template <class M>
inline constexpr bool is_list = false;
template <class E>
inline constexpr bool is_list<std::vector<E>> = true;

// A value as slipway.yaml has it, for those whose default is no constant; empty for others.
template <class M>
std::string printed(const M& value) {
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

// A row of the table of keys. Whatever reads slipway.yaml, checks it, shows it or describes it goes by that table.
struct Key {
  // The type of a list is that of its items.
  template <class T, class M, class V>
  Key(std::string_view the_path, M T::*member, Type<V> type, Absent if_absent, std::string_view sentence)
      : path(the_path), kind(std::move(type.kind)), absent(if_absent), meaning(sentence) {
    take = [member, parse = std::move(type.parse)](Place& place, const std::string& text) {
      M& value = std::get<T*>(place)->*member;
      if constexpr (is_list<M>) {
        value.push_back(parse(text));
      } else {
        value = static_cast<M>(parse(text));
      }
    };
    clear = [member](Place& place) { std::get<T*>(place)->*member = M{}; };
    in_force = [member](const Place& place) { return printed(std::get<T*>(place)->*member); };
  }

  std::string_view path;  // "app.health.path"; "*" stands for a name, "[]" for each item of a list
  Kind kind;
  Absent absent;
  std::string_view meaning;  // in Markdown

  // Takes a value, or the next item of a list. Throws Error(invalid), as the types in types.hpp.
  std::function<void(Place&, const std::string& text)> take;
  std::function<void(Place&)> clear;
  std::function<std::string(const Place&)> in_force;
};

const std::vector<Key>& keys();              // in the order of the reference
const Key* find_key(std::string_view path);  // nullptr for a section, and for what is unknown

// The names that may stand directly in the section at `path` ("" is the file's top); {"*"} if they are free.
std::vector<std::string> names_below(std::string_view path);

}  // namespace slipway::config
