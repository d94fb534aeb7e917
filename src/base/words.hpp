#pragma once
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>

// Enum values and their words: one table for each family, read in both directions.
namespace slipway {

template <class E>
struct Word {
  E value;
  std::string_view word;
};

// Throws logic_error for a value that has none.
template <class E, std::size_t N>
constexpr std::string_view word_of(const Word<E> (&words)[N], E value) {
  for (const Word<E>& row : words) {
    if (row.value == value) return row.word;
  }
  throw std::logic_error("a value without a word");
}

template <class E, std::size_t N>
constexpr std::optional<E> value_of(const Word<E> (&words)[N], std::string_view word) {
  for (const Word<E>& row : words) {
    if (row.word == word) return row.value;
  }
  return std::nullopt;
}

}  // namespace slipway
