#include "api/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/problem.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

// Undoes percent-encoding. Throws invalid for broken escapes, NUL and bytes that are not UTF-8.
std::string url_decoded(std::string_view text, bool plus_is_space) {
  std::string sent(text);
  if (plus_is_space) std::replace(sent.begin(), sent.end(), '+', ' ');
  const auto decoded = percent_decoded(sent);
  if (!decoded) throw Error(ErrorKind::invalid, "the URL holds a broken percent-escape");
  if (utf8_length(*decoded) == std::string::npos || decoded->find('\0') != std::string::npos) {
    throw Error(ErrorKind::invalid, "the URL does not decode to valid UTF-8");
  }
  return *decoded;
}

std::map<std::string, std::string, std::less<>> parse_query(std::string_view query) {
  std::map<std::string, std::string, std::less<>> values;
  if (query.empty()) return values;
  for (const std::string& part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const std::string name = url_decoded(std::string_view(part).substr(0, equals), true);
    values[name] = equals == std::string::npos ? "" : url_decoded(std::string_view(part).substr(equals + 1), true);
  }
  return values;
}

std::vector<std::string> segments_of(std::string_view path) {
  return split(path.substr(path.starts_with('/') ? 1 : 0), '/');
}

bool is_variable(const std::string& segment) { return segment.starts_with('{'); }

std::optional<std::map<std::string, std::string, std::less<>>> match(const std::vector<std::string>& pattern,
                                                                     const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string, std::less<>> values;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_variable(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      values[pattern[i].substr(1, pattern[i].size() - 2)] = url_decoded(path[i], false);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return values;
}

}  // namespace

AuditEntry audit_entry(const Call& call, const Context& context, std::string action, std::string target) {
  return {0,
          context.clock.now(),
          call.caller.actor,
          std::move(action),
          std::move(target),
          call.caller.from,
          call.request_id};
}

void Router::add(std::string method, std::string pattern, Needs needs, RouteHandler handler, Audit audit) {
  auto segments = segments_of(pattern);
  routes_.push_back({std::move(method), std::move(pattern), std::move(segments), needs, std::move(handler), audit});
}

void Router::add_at_once(std::string path, std::function<net::Response()> handler) {
  add("GET", std::move(path), Needs::nothing, [handler](const Call&) { return handler(); });
  routes_.back().at_once = std::move(handler);
}

std::optional<net::Response> Router::handle_at_once(const net::ServerRequest& request) const {
  if (request.method != "GET") return std::nullopt;
  const auto route = std::find_if(routes_.begin(), routes_.end(),
                                  [&](const Route& r) { return r.at_once && r.pattern == request.path; });
  if (route == routes_.end()) return std::nullopt;
  AccessLine line(request, next_request_id());
  line.route = route->pattern;
  net::Response response = route->at_once();
  net::Headers headers = headers_for(request, line.request_id);
  std::move(headers.begin(), headers.end(), std::back_inserter(response.headers));
  line.answered(response, context_.log, context_.observer);
  return response;
}

std::vector<std::string> Router::routes() const {
  std::vector<std::string> all;
  for (const Route& route : routes_) all.push_back(route.method + " " + route.pattern);
  return all;
}

std::string Router::next_request_id() const { return new_id("r_", context_.clock.now(), *request_numbers_); }

net::Headers Router::headers_for(const net::ServerRequest& request, const std::string& request_id) const {
  net::Headers headers = context_.gate.cors_headers(request);
  headers.emplace_back("X-Request-Id", request_id);
  for (auto& header : net::answer_headers()) headers.push_back(std::move(header));
  return headers;
}

net::Reply Router::handle(const net::ServerRequest& request) const {
  const std::string request_id = next_request_id();
  AccessLine line(request, request_id);
  net::Reply reply;
  try {
    reply = dispatch(request, line);
  } catch (const Error& error) {
    reply = line.failed(error, context_.log);
  }
  const net::Headers headers = headers_for(request, request_id);
  const auto add_headers = [](net::Response& response, const net::Headers& more) {
    response.headers.insert(response.headers.end(), more.begin(), more.end());
  };
  if (auto* response = std::get_if<net::Response>(&reply)) {
    add_headers(*response, headers);
    line.answered(*response, context_.log, context_.observer);
  } else if (auto* streaming = std::get_if<net::StreamingResponse>(&reply)) {
    add_headers(streaming->head, headers);
    line.answered(streaming->head, context_.log, context_.observer);
  } else if (auto* waiting = std::get_if<net::WaitingResponse>(&reply)) {
    waiting->finish = [finish = std::move(waiting->finish), headers, add_headers, line, log = context_.log,
                       observer = context_.observer] {
      net::Response answer;
      try {
        answer = finish();
      } catch (const Error& error) {
        answer = line.failed(error, log);
      }
      add_headers(answer, headers);
      line.answered(answer, log, observer);
      return answer;
    };
  }
  return reply;
}

std::variant<Router::Admitted, net::Response> Router::admit(const net::ServerRequest& request, AccessLine& line) const {
  const auto path = segments_of(request.path);
  std::string allow;
  for (const Route& route : routes_) {
    auto values = match(route.segments, path);
    if (!values) continue;
    const bool head = request.method == "HEAD" && route.method == "GET";
    if (route.method != request.method && !head) {
      if (allow.find(route.method) == std::string::npos) allow += (allow.empty() ? "" : ", ") + route.method;
      continue;
    }
    line.route = route.pattern;
    if (const auto id = values->find("id"); id != values->end()) line.tenant = id->second;
    Caller caller = context_.gate.admit(request, route.needs);
    return Admitted{&route, std::move(*values), std::move(caller)};
  }
  if (allow.empty()) return problem(404, fmt::format("there is nothing at {}", request.path), line.request_id);
  if (request.method == "OPTIONS") return net::Response{204, {{"Allow", allow + ", OPTIONS"}}, ""};
  net::Response refusal = problem(405, fmt::format("{} is not for {}", request.method, request.path), line.request_id);
  refusal.headers.emplace_back("Allow", allow);
  return refusal;
}

std::optional<net::Response> Router::refused(const net::ServerRequest& head) const {
  AccessLine line(head, next_request_id());
  net::Response answer;
  try {
    auto admitted = admit(head, line);
    if (auto* refusal = std::get_if<net::Response>(&admitted)) {
      answer = std::move(*refusal);
    } else if (!std::get<Admitted>(admitted).caller.scope) {
      answer = problem(413, "what anybody may ask for takes no body", line.request_id);
    } else {
      return std::nullopt;
    }
  } catch (const Error& error) {
    answer = line.failed(error, context_.log);
  }
  const net::Headers headers = headers_for(head, line.request_id);
  answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
  line.answered(answer, context_.log, context_.observer);
  return answer;
}

net::Reply Router::dispatch(const net::ServerRequest& request, AccessLine& line) const {
  auto admitted = admit(request, line);
  if (auto* refusal = std::get_if<net::Response>(&admitted)) return std::move(*refusal);
  auto& [route, path, caller] = std::get<Admitted>(admitted);
  return run(*route, {request, std::move(path), parse_query(request.query), line.request_id, std::move(caller)});
}

net::Reply Router::run(const Route& route, const Call& call) const {
  net::Reply reply = route.handler(call);
  if (route.method == "GET" || route.audit == Audit::by_handler) return reply;
  const auto target = call.path.find("id");
  context_.store.record(
      audit_entry(call, context_, route.method + " " + route.pattern, target == call.path.end() ? "" : target->second));
  return reply;
}

}  // namespace slipway::api
