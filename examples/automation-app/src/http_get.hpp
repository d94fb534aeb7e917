#pragma once
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace automation {

// A plain HTTP address taken apart.
struct Url {
  std::string host;
  std::string port;
  std::string target;
};

// Nothing when it is not http://host[:port][/path]. The image carries no certificate roots, so https is not offered.
std::optional<Url> parse_url(std::string_view text);

// The same check, answered in words for the person who typed the URL.
std::optional<std::string> problem_with_url(std::string_view text);

struct Fetched {
  bool ok = false;      // an answer with a status below 400
  std::string outcome;  // "200 OK, 1234 bytes", or what went wrong
};

// Fetches the URL within the deadline; the body (at most 1 MiB) is read and thrown away. Never throws for what the
// network does; ends at once when `stop` is requested.
Fetched http_get(const Url& url, std::chrono::milliseconds deadline, const std::stop_token& stop);

}  // namespace automation
