#include "base/error.hpp"

#include "base/words.hpp"

namespace slipway {

std::string_view to_string(ErrorKind kind) {
  static constexpr Word<ErrorKind> words[] = {
      {ErrorKind::invalid, "invalid"},         {ErrorKind::unauthorized, "unauthorized"},
      {ErrorKind::forbidden, "forbidden"},     {ErrorKind::not_found, "not_found"},
      {ErrorKind::conflict, "conflict"},       {ErrorKind::limited, "limited"},
      {ErrorKind::unavailable, "unavailable"}, {ErrorKind::internal, "internal"}};
  return word_of(words, kind);
}

}  // namespace slipway
