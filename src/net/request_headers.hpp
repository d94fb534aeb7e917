#pragma once
#include <string_view>

// What the headers of a request may be, however it came.
namespace slipway::net {

// The name as it is usually written of a header that is read as one value, so that it may come only once: whoever read
// the other of two would see another request. Empty for all others, whose lines are one list (RFC 9110, 5.3).
std::string_view single_header(std::string_view name);

// What Host may hold: a host and perhaps a port, or nothing (RFC 9112, 3.2). No comma, though a name may have one: it
// is how a program on the way puts two of them together.
bool is_host(std::string_view value);

}  // namespace slipway::net
