#include "drivers/runtime/docker/engine_client.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/engine_error.hpp"

namespace slipway::docker {
namespace {

// Docker writes tcp:// for both kinds; certificates tell which is meant, as DOCKER_TLS_VERIFY does for its own client.
net::Endpoint as_http(net::Endpoint endpoint) {
  constexpr std::string_view tcp = "tcp://";
  if (endpoint.url.starts_with(tcp)) {
    const bool tls = !endpoint.ca_file.empty() || !endpoint.cert_file.empty();
    endpoint.url = (tls ? "https://" : "http://") + endpoint.url.substr(tcp.size());
  }
  return endpoint;
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::pair<unsigned, unsigned> parts_of(std::string_view version) {
  const auto dot = version.find('.');
  return {number(version.substr(0, dot)), dot == version.npos ? 0 : number(version.substr(dot + 1))};
}

}  // namespace

bool version_less(std::string_view a, std::string_view b) { return parts_of(a) < parts_of(b); }

EngineClient::EngineClient(net::Endpoint endpoint) : endpoint_(as_http(std::move(endpoint))), http_(endpoint_) {}

net::ClientRequest EngineClient::request(const Call& call) {
  net::ClientRequest request;
  request.method = call.method;
  {
    std::lock_guard lock(mutex_);
    request.target = "/v" + version_ + call.path;
  }
  request.headers = call.headers;
  request.body = call.body;
  request.timeout = call.timeout;
  const bool typed = !net::header(call.headers, "Content-Type").empty();
  if (!call.body.empty() && !typed) request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

net::Response EngineClient::call(const Call& call) {
  return with_context("docker", [&] {
    net::Response response = http_.send(request(call));
    if (adopt_version(response)) response = http_.send(request(call));
    return response;
  });
}

net::Response EngineClient::stream(const Call& call, const std::function<bool(std::string_view)>& chunk,
                                   std::stop_token stop) {
  return with_context("docker", [&] {
    net::Response response = http_.stream(request(call), chunk, stop);
    if (adopt_version(response)) response = http_.stream(request(call), chunk, stop);
    return response;
  });
}

std::unique_ptr<net::HttpStream> EngineClient::open_stream(const Call& call, std::stop_token stop) {
  return with_context("docker", [&] { return http_.open_stream(request(call), std::move(stop)); });
}

bool EngineClient::adopt_version(const net::Response& refusal) {
  // Engine 29: "client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client ..."
  if (refusal.status != 400 || refusal.body.find("is too old") == std::string::npos) return false;
  const std::string oldest = string_at(version(Millis(15'000)), "MinAPIVersion");
  std::lock_guard lock(mutex_);
  if (version_less(version_, oldest)) version_ = oldest;
  return true;  // also where another thread found it first
}

boost::json::object EngineClient::version(Millis timeout) {
  net::ClientRequest request;
  request.target = "/version";
  request.timeout = timeout;
  const net::Response response = with_context("docker", [&] { return http_.send(request); });
  if (response.status != 200) throw engine_error(response.status, response.body, "ask for its version");
  return as_object(response);
}

boost::json::object as_object(const net::Response& response) {
  auto value = parse_json(response.body, "docker");
  if (!value.is_object()) throw Error(ErrorKind::internal, "docker: the answer is not a JSON object");
  return std::move(value.get_object());
}

boost::json::array as_array(const net::Response& response) {
  auto value = parse_json(response.body, "docker");
  if (value.is_null()) return {};
  if (!value.is_array()) throw Error(ErrorKind::internal, "docker: the answer is not a JSON array");
  return std::move(value.get_array());
}

std::string encoded_json(const boost::json::value& value) { return net::url_encoded(boost::json::serialize(value)); }

}  // namespace slipway::docker
