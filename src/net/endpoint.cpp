#include "net/endpoint.hpp"

#include <boost/url.hpp>
#include <charconv>

#include "base/crypto.hpp"
#include "base/error.hpp"

namespace slipway::net {

namespace {
constexpr std::string_view kUnixScheme = "unix://";
constexpr std::size_t kSocketPathLimit = 107;  // sun_path, less its final zero

// The URL may hold a password, so that an error shows no more than what stands behind it.
[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  const auto at = url.rfind('@');
  const auto shown = at == std::string_view::npos ? std::string(url) : "***" + std::string(url.substr(at));
  throw Error(ErrorKind::invalid, fmt::format("endpoint '{}': {}; expected http://host:port, https://host:port or "
                                              "unix:///path",
                                              shown, why));
}

Target unix_target(const std::string& url) {
  Target target;
  target.shown = url;
  target.socket_path = url.substr(kUnixScheme.size());
  target.host_header = "localhost";
  if (target.socket_path.empty() || target.socket_path.front() != '/') refuse(url, "the socket's path is not absolute");
  if (target.socket_path.size() > kSocketPathLimit) refuse(url, "the socket's path is longer than 107 bytes");
  return target;
}
}  // namespace

Target parse_endpoint(const std::string& url) {
  if (url.starts_with(kUnixScheme)) return unix_target(url);
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) refuse(url, "not a URL");
  const auto& parts = *parsed;
  Target target;
  target.tls = parts.scheme_id() == boost::urls::scheme::https;
  if (!target.tls && parts.scheme_id() != boost::urls::scheme::http) refuse(url, "unknown scheme");
  target.host = parts.host_address();
  if (target.host.empty()) refuse(url, "no host");
  target.port = target.tls ? 443 : 80;
  if (parts.has_port()) {
    const std::string digits(parts.port());
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
    if (ec != std::errc{} || *end != '\0' || target.port == 0) refuse(url, "no valid port");
  }

  // The default port is left out of the Host header, as browsers do.
  const bool default_port = target.port == (target.tls ? 443 : 80);
  const std::string host(parts.encoded_host());
  target.host_header = default_port ? host : fmt::format("{}:{}", host, target.port);
  target.base_path = std::string(parts.encoded_path());
  while (target.base_path.ends_with('/')) target.base_path.pop_back();
  target.shown = fmt::format("{}://{}{}", target.tls ? "https" : "http", target.host_header, target.base_path);
  if (parts.has_userinfo()) {
    target.authorization = Secret("Basic " + to_base64(parts.user() + ":" + parts.password()));
  }
  return target;
}

}  // namespace slipway::net
