#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

// HTTP messages as plain values, shared by client, server and router. No sockets here.
namespace slipway::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, compared without case; empty where there is none.
std::string header(const Headers& headers, std::string_view name);
// Compares ASCII letters without case, as header names and tokens are compared.
bool same_ignoring_case(std::string_view a, std::string_view b);

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
};

// What every answer of ours bears: answers tell of customers, and some URLs hold a token. So no cache keeps the answer,
// no page hears the URL as its Referer, and no browser takes the answer for something else than it says.
Headers answer_headers();

// Percent-encoding of one query value or path segment (RFC 3986 unreserved characters stay).
std::string url_encoded(std::string_view text);

}  // namespace slipway::net
