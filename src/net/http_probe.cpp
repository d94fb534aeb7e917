#include "net/http_probe.hpp"

#include "base/error.hpp"
#include "net/connection.hpp"

namespace slipway::net {

namespace {
constexpr std::size_t kProbeHeadLimit = 64u << 10;

struct Place {
  std::string origin;  // "http://host:port"
  std::string target;  // "/healthz?x=1"
};

Place place_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto path = url.find_first_of("/?#", scheme == std::string::npos ? 0 : scheme + 3);
  auto target = path == std::string::npos ? std::string() : url.substr(path, url.find('#', path) - path);
  if (!target.starts_with('/')) target.insert(0, "/");
  return {url.substr(0, path), std::move(target)};
}

std::string in_words(const IoResult& result, Millis timeout) {
  switch (result.kind) {
    case IoResult::Kind::timed_out:
      return fmt::format("no answer within {}", human(timeout));
    case IoResult::Kind::closed:
      return "closed without an answer";
    default:
      auto why = result.why;
      if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] - 'A' + 'a');
      return why;
  }
}

// "HTTP/1.1 200 OK" gives 200; anything else is no HTTP.
int status_of(std::string_view head) {
  const bool http = head.size() >= 12 && head.starts_with("HTTP/1.") && head[8] == ' ';
  int status = 0;
  for (std::size_t i = 9; http && i < 12; ++i) {
    if (head[i] < '0' || head[i] > '9') return 0;
    status = status * 10 + (head[i] - '0');
  }
  return status;
}

// Behind the empty line that ends a head, which lines that end with LF alone may have too; npos while it goes on.
std::size_t end_of_head(std::string_view text) {
  std::size_t line = 0;
  for (auto feed = text.find('\n'); feed != text.npos; feed = text.find('\n', line)) {
    const bool empty = feed == line || (feed == line + 1 && text[line] == '\r');
    line = feed + 1;
    if (empty) return line;
  }
  return text.npos;
}

// Whether another head follows (RFC 9110, 15.2). After 101 there is no more HTTP.
bool is_interim(int status) { return status >= 100 && status < 200 && status != 101; }

// The status of the final answer; 0 where what comes is no HTTP, an interim one where no other came within the limit.
int read_status(Connection& connection, IoResult& result, Deadline deadline) {
  std::string text;
  std::size_t read_bytes = 0;
  int status = 0;
  while (result.ok()) {
    char piece[4096];
    result = connection.read_some(piece, sizeof piece, deadline);
    if (!result.ok()) break;
    text.append(piece, result.bytes);
    read_bytes += result.bytes;
    for (auto end = end_of_head(text); end != text.npos; end = end_of_head(text)) {
      status = status_of(text);
      if (!is_interim(status)) return status;
      text.erase(0, end);
    }
    if (read_bytes > kProbeHeadLimit) return text.empty() || is_interim(status) ? status : status_of(text);
  }
  return status;
}
}  // namespace

ProbeResult HttpProbe::ask(const ProbeTarget& target, const std::string& url, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto place = place_of(url);
  Connector connector({.url = place.origin, .address = target.address, .port = target.port.value()});
  if (connector.target().host.empty()) throw Error(ErrorKind::invalid, fmt::format("probe '{}': not http", url));
  Connection connection;
  auto result = connector.open(connection, deadline);
  if (!result.ok()) return {false, in_words(result, timeout)};

  const auto request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: slipway-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n",
      place.target, connector.target().host_header);
  result = connection.write(request, {}, deadline);
  const int status = read_status(connection, result, deadline);
  if (is_interim(status)) return {false, fmt::format("{} and no final answer", status)};
  if (!result.ok()) return {false, in_words(result, timeout)};
  if (status == 0) return {false, "the answer is not HTTP"};
  return {status >= 200 && status < 400, std::to_string(status)};
}

}  // namespace slipway::net
