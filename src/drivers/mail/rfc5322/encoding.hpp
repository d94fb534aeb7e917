#pragma once
#include <string>
#include <string_view>

namespace slipway::mail {

// Quoted-printable (RFC 2045): CRLF line ends, lines of at most 76 characters. The text's own line ends may be LF, CR
// or CRLF.
std::string quoted_printable(std::string_view utf8);

// An unstructured header line with its CRLF. The value is as it is where that is short plain ASCII, else RFC 2047
// encoded-words, one a line, each a whole number of code points. The value holds no control characters.
std::string header_line(std::string_view name, std::string_view value);

// A header line with one address: `name` may be empty or any text without control characters.
std::string address_line(std::string_view header, std::string_view name, std::string_view mailbox);

}  // namespace slipway::mail
