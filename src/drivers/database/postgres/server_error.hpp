#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace slipway::postgres {

// What a server said when it refused: its five characters of SQLSTATE (empty where it said none) and its words.
struct ServerError {
  std::string sqlstate;
  std::string text;
};

// What a refused statement means for the caller: `unavailable` where the same statement may succeed later.
ErrorKind kind_of_statement(const ServerError& error);

// The same for a connection that was not made.
ErrorKind kind_of_connect(const ServerError& error);

// libpq tells of a failed connection in text only. Taken apart, from the form it has under PQERRORS_VERBOSE.
ServerError parse_connect_error(std::string_view message);

}  // namespace slipway::postgres
