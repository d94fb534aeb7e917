#include "lambda/http_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/request_headers.hpp"
#include "net/response_writer.hpp"

namespace slipway::lambda {
namespace json = boost::json;
namespace {

// The stage stands in front of the path, except where it is the default one.
std::string path_of(const json::object& event, const json::object& context) {
  const auto raw = string_at(event, "rawPath", "/");
  const auto stage = "/" + string_at(context, "stage", "$default");
  if (stage == "/$default" || !raw.starts_with(stage)) return raw;
  const auto rest = raw.substr(stage.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : raw;
}

// The event's sourceIp is the client; what headers say beside it, the client may have said.
bool tells_of_proxies(std::string_view name) {
  const std::string lower = lowered_ascii(name);
  return lower == "forwarded" || lower.starts_with("x-forwarded-");
}

// API Gateway makes one value of a header that came more than once, with a comma between them. Of what may come only
// once nothing needs a comma, except that a key may have one: which of the two it is cannot be told, so it is refused.
std::optional<net::Response> add_headers(net::ServerRequest& request, const json::object& headers) {
  for (const auto& [name, value] : headers) {
    if (!value.is_string() || tells_of_proxies(name)) continue;
    const std::string_view single = net::single_header(name);
    const auto same = [&](const auto& header) { return net::same_ignoring_case(header.first, single); };
    if (!single.empty() && (value.get_string().find(',') != json::string::npos ||
                            std::any_of(request.headers.begin(), request.headers.end(), same))) {
      return net::problem(400, fmt::format("more than one {} header, or a comma in it", single));
    }
    request.headers.emplace_back(name, value.get_string());
  }
  if (!net::is_host(net::header(request.headers, "Host"))) return net::problem(400, "the Host header is no host");
  return std::nullopt;
}

}  // namespace

bool is_http_event(const json::object& event) {
  const auto* context = object_at(event, "requestContext");
  return context != nullptr && object_at(*context, "http") != nullptr;
}

std::variant<net::ServerRequest, net::Response> request_of(const json::object& event) {
  const auto& context = *object_at(event, "requestContext");
  const auto& http = *object_at(context, "http");
  net::ServerRequest request;
  request.method = string_at(http, "method", "GET");
  request.path = path_of(event, context);
  request.query = string_at(event, "rawQueryString");
  request.peer = string_at(http, "sourceIp");
  request.tls = true;  // API Gateway serves an HTTP API by HTTPS alone
  if (const auto* headers = object_at(event, "headers")) {
    if (auto refused = add_headers(request, *headers)) return std::move(*refused);
  }
  if (const auto* cookies = array_at(event, "cookies"); cookies != nullptr && !cookies->empty()) {
    std::string line;
    for (const auto& cookie : *cookies) {
      if (cookie.is_string()) line += (line.empty() ? "" : "; ") + std::string(cookie.get_string());
    }
    request.headers.emplace_back("cookie", line);
  }
  request.body = string_at(event, "body");
  if (bool_at(event, "isBase64Encoded")) {
    auto decoded = from_base64(request.body);
    if (!decoded || request.body.size() % 4 != 0) return net::problem(400, "the body is not base64");
    request.body = std::move(*decoded);
  }
  if (request.body.size() > body_limit_bytes) return net::problem(413, "the body is larger than 64 KiB");
  if (request.method == "HEAD") request.method = "GET";
  return request;
}

net::Response settle(net::Reply reply) {
  if (auto* response = std::get_if<net::Response>(&reply)) return std::move(*response);
  if (auto* waiting = std::get_if<net::WaitingResponse>(&reply)) return waiting->finish();
  auto& streaming = std::get<net::StreamingResponse>(reply);
  net::Response response = std::move(streaming.head);
  const auto until = std::chrono::steady_clock::now() + stream_time;
  const auto source = streaming.open({}, [] {});
  while (source->pull(response.body) == PieceSource::State::more && response.body.size() < stream_limit_bytes &&
         std::chrono::steady_clock::now() < until) {
  }
  if (response.body.size() > stream_limit_bytes) response.body.resize(stream_limit_bytes);
  return response;
}

json::object answer_of(const net::Response& response, bool is_head) {
  json::object headers;
  json::array cookies;
  for (const auto& [name, value] : response.headers) {
    if (net::same_ignoring_case(name, "Set-Cookie")) {
      cookies.emplace_back(value);
      continue;
    }
    const auto lower = lowered_ascii(name);
    if (auto* present = headers.if_contains(lower)) {
      *present = std::string(present->as_string()) + ", " + value;
    } else {
      headers[lower] = value;
    }
  }
  const bool is_text = utf8_length(response.body) != std::string_view::npos;
  const std::string body = is_head ? std::string() : is_text ? response.body : to_base64(response.body);
  json::object answer{{"statusCode", response.status},
                      {"headers", std::move(headers)},
                      {"body", body},
                      {"isBase64Encoded", !is_head && !is_text}};
  if (!cookies.empty()) answer["cookies"] = std::move(cookies);
  return answer;
}

}  // namespace slipway::lambda
