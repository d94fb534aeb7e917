#include "drivers/database/postgres/server_error.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace slipway::postgres {
namespace {

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

// Codes and classes (their first two characters) that pass by themselves. Source: "PostgreSQL Error Codes", appendix A.
bool passes_by_itself(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 4> classes = {"08",   // connection
                                                       "53",   // out of disk, memory or connections
                                                       "57",   // cancelled, shutting down, starting up
                                                       "58"};  // the server's own input and output
  constexpr std::array<std::string_view, 5> codes = {"25006",  // read-only: a standby, or a fail-over under way
                                                     "40001", "40P01",
                                                     "55006",   // in use
                                                     "55P03"};  // lock not available
  for (const auto prefix : classes) {
    if (sqlstate.starts_with(prefix)) return true;
  }
  return std::find(codes.begin(), codes.end(), sqlstate) != codes.end();
}

}  // namespace

ErrorKind kind_of_statement(const ServerError& error) {
  if (passes_by_itself(error.sqlstate)) return ErrorKind::unavailable;
  // Two sessions altered one row of a catalogue: the server has no code of its own for it.
  if (error.sqlstate == "XX000" && error.text.find("concurrently") != std::string::npos) return ErrorKind::unavailable;
  if (error.sqlstate == "42501") return ErrorKind::forbidden;
  // Something depends on the role, or the object is there already and is not what was looked for.
  if (error.sqlstate == "2BP01" || error.sqlstate == "42P04" || error.sqlstate == "42710") return ErrorKind::conflict;
  return ErrorKind::internal;
}

ErrorKind kind_of_connect(const ServerError& error) {
  if (error.sqlstate.starts_with("28") || error.sqlstate == "42501") return ErrorKind::forbidden;
  if (error.sqlstate == "3D000") return ErrorKind::invalid;
  return ErrorKind::unavailable;
}

ServerError parse_connect_error(std::string_view message) {
  ServerError error;
  for (const std::string& line : split(message, '\n')) {
    std::string text = without_controls(trimmed(line));
    if (text.empty() || text.starts_with("LOCATION:")) continue;
    // "… failed: FATAL:  28P01: password authentication failed for user "x""
    for (std::size_t at = text.find(":  "); at != std::string::npos; at = text.find(":  ", at + 1)) {
      const std::string_view code = std::string_view(text).substr(at + 3, 5);
      if (!is_sqlstate(code) || std::string_view(text).substr(at + 8, 2) != ": ") continue;
      error.sqlstate = code;
      text.erase(at + 2, 8);
      break;
    }
    error.text += (error.text.empty() ? "" : "; ") + text;
  }
  return error;
}

}  // namespace slipway::postgres
