#include "net/response_writer.hpp"

#include <fmt/chrono.h>

#include <boost/beast/http/status.hpp>
#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/random.hpp"

namespace slipway::net {

namespace {
std::string_view reason(int status) {
  const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}
bool breaks_the_head(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}
bool framing_header(std::string_view name) {
  return same_ignoring_case(name, "Content-Length") || same_ignoring_case(name, "Transfer-Encoding") ||
         same_ignoring_case(name, "Connection");
}
}  // namespace

bool ResponseWriter::write(std::string& out, const Response& response, const Framing& framing) {
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || breaks_the_head(name) || breaks_the_head(value)) return false;
  }
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.reserve(out.size() + 256 + response.body.size());
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  add("Date", date());
  for (const auto& [name, value] : response.headers) {
    if (!framing_header(name)) add(name, value);
  }
  if (framing.chunked) {
    if (!framing.http_1_0) add("Transfer-Encoding", "chunked");
  } else if (!bodiless) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  }
  if (!framing.keep_alive) {
    add("Connection", "close");
  } else if (framing.http_1_0) {
    add("Connection", "keep-alive");
  }
  out += "\r\n";
  if (!framing.chunked && !bodiless && !framing.head_only) out += response.body;
  return true;
}

std::string_view ResponseWriter::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    date_second_ = now;
  }
  return date_;
}

boost::json::object problem_document(int status, std::string_view detail, std::string_view request_id) {
  return {{"type", "about:blank"},
          {"title", reason(status)},
          {"status", status},
          {"detail", detail},
          {"requestId", request_id}};
}

Response problem(int status, std::string_view detail) {
  SystemRandom random;
  const std::string request_id = new_id("r_", SystemClock().now(), random);
  Headers headers = answer_headers();
  headers.emplace_back("Content-Type", "application/problem+json");
  headers.emplace_back("X-Request-Id", request_id);
  return {.status = status,
          .headers = std::move(headers),
          .body = boost::json::serialize(problem_document(status, detail, request_id))};
}

}  // namespace slipway::net
