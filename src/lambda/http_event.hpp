#pragma once
#include <boost/json.hpp>
#include <optional>

#include "net/http_server.hpp"

// An HTTP API's event (payload format 2.0) as the request that the router knows, and its reply as what the HTTP API
// wants. Pure functions, but for a reply that is still to be made.
namespace slipway::lambda {

bool is_http_event(const boost::json::object& event);

// The reply stands in for the request where that cannot be taken: a body that is no base64, or larger than
// `body_limit_bytes`.
std::variant<net::ServerRequest, net::Response> request_of(const boost::json::object& event);
constexpr std::size_t body_limit_bytes = 64u << 10;  // as standalone

// An answer that would wait says how things stand now: an HTTP API cuts off what lasts longer than 30 s, and a waiting
// Lambda costs. One that streams gives what there is, within `stream_time`, and ends, also where it was to follow.
net::Response settle(net::Reply reply);
constexpr std::size_t stream_limit_bytes = 4u << 20;  // a Lambda's answer may have 6 MB, in base64 a third more
constexpr Millis stream_time{5'000};

boost::json::object answer_of(const net::Response& response, bool is_head);

}  // namespace slipway::lambda
