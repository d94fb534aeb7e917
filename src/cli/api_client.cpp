#include "cli/api_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t page_size = 500;

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
      return ErrorKind::unauthorized;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 429:
      return ErrorKind::limited;
    case 502:
    case 503:
    case 504:
      return ErrorKind::unavailable;
    default:
      return status < 500 ? ErrorKind::invalid : ErrorKind::internal;
  }
}

// RFC 9457, as far as it is one; other answers (of a proxy) are told by their status.
Error problem_of(const net::Response& response) {
  json::object problem;
  boost::system::error_code ec;
  if (auto parsed = json::parse(response.body, ec); !ec && parsed.is_object()) problem = std::move(parsed.get_object());
  std::string detail = string_at(problem, "detail");
  if (detail.empty()) detail = string_at(problem, "title");
  if (detail.empty()) detail = fmt::format("the server answered with status {}", response.status);
  const std::string request_id = string_at(problem, "requestId");
  if (response.status >= 500 && !request_id.empty()) detail += fmt::format(" (request {})", request_id);
  const json::array* errors = array_at(problem, "errors");
  std::vector<FieldError> fields;
  for (std::size_t i = 0; errors != nullptr && i < errors->size(); ++i) {
    const auto* entry = errors->at(i).if_object();
    if (entry != nullptr) fields.push_back({string_at(*entry, "field"), string_at(*entry, "message")});
  }
  // The detail speaks for a single field; of several, each is told.
  for (const FieldError& f : fields) {
    if (fields.size() > 1) detail += fmt::format("\n  {}: {}", f.field, f.message);
  }
  Error error(kind_of(response.status), detail);
  for (FieldError& f : fields) std::move(error).on(std::move(f.field), std::move(f.message));
  return error;
}

std::string of_tenant(const TenantId& id, std::string_view rest = "") {
  return fmt::format("/v1/tenants/{}{}", net::url_encoded(id.value()), rest);
}

}  // namespace

ApiClient::ApiClient(const net::Endpoint& endpoint, Secret api_key)
    : where_(endpoint.url), api_key_(std::move(api_key)), http_(endpoint) {}

void ApiClient::sign(net::ClientRequest& request) const {
  if (!api_key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + api_key_.reveal());
}

template <class Call>
auto ApiClient::reached(Call call) {
  try {
    return call();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::unavailable) throw;
    throw Error(
        ErrorKind::unavailable,
        fmt::format("cannot reach Slipway: {}\nis `slipway serve` running, and does this user have access to it?",
                    e.message()));
  }
}

net::Response ApiClient::send(net::ClientRequest request) {
  sign(request);
  request.headers.emplace_back("Accept", "application/json");
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  net::Response response = reached([&] { return http_.send(request); });
  if (response.status >= 400) throw problem_of(response);
  return response;
}

json::object ApiClient::ask(net::ClientRequest request) {
  const net::Response response = send(std::move(request));
  json::value value = parse_json(response.body, "slipway server");
  if (!value.is_object()) throw Error(ErrorKind::internal, "the server's answer is not a JSON object; is it Slipway?");
  return std::move(value.get_object());
}

json::object ApiClient::get(std::string target) { return ask({.target = std::move(target)}); }

TenantId ApiClient::resolve(const std::string& id_or_subdomain) {
  if (id_or_subdomain.starts_with("t_")) return parse_tenant_id(id_or_subdomain);
  const Slug slug = parse_slug(id_or_subdomain);
  const json::object page = get("/v1/tenants?subdomain=" + net::url_encoded(slug.value()));
  const json::array* found = array_at(page, "tenants");
  if (found == nullptr || found->empty() || !found->front().is_object()) {
    throw Error(ErrorKind::not_found,
                fmt::format("no tenant has the subdomain '{}'; `slipway ls` lists them", slug.value()));
  }
  return parse_tenant_id(string_at(found->front().get_object(), "tenantId"));
}

json::object ApiClient::provision(const json::object& body, const std::string& idempotency_key) {
  net::ClientRequest request{.method = "POST", .target = "/provision", .body = json::serialize(body)};
  if (!idempotency_key.empty()) request.headers.emplace_back("Idempotency-Key", idempotency_key);
  return ask(std::move(request));
}

json::object ApiClient::tenants(const std::string& status, const std::string& search, const std::string& after,
                                std::size_t limit) {
  std::string target = fmt::format("/v1/tenants?limit={}", limit);
  if (!status.empty()) target += "&status=" + net::url_encoded(status);
  if (!search.empty()) target += "&q=" + net::url_encoded(search);
  if (!after.empty()) target += "&after=" + net::url_encoded(after);
  return get(std::move(target));
}

json::object ApiClient::tenant(const TenantId& id) { return get(of_tenant(id)); }

json::object ApiClient::remove(const TenantId& id) { return ask({.method = "DELETE", .target = of_tenant(id)}); }

json::object ApiClient::act(const TenantId& id, std::string_view verb) {
  return ask({.method = "POST", .target = of_tenant(id, fmt::format("/{}", verb))});
}

json::object ApiClient::events(const TenantId& id, std::uint64_t after, std::size_t limit, std::chrono::seconds wait) {
  net::ClientRequest request;
  request.target = of_tenant(id, fmt::format("/events?after={}&limit={}&wait={}", after, limit, wait.count()));
  request.timeout += wait;
  return ask(std::move(request));
}

json::object ApiClient::stats(const TenantId& id) { return get(of_tenant(id, "/stats")); }

json::object ApiClient::create_key(const std::string& name, const std::string& scope) {
  const json::object body{{"name", name}, {"scope", scope}};
  return ask({.method = "POST", .target = "/v1/keys", .body = json::serialize(body)});
}

json::object ApiClient::keys() { return get("/v1/keys"); }

void ApiClient::revoke_key(const std::string& id) {
  send({.method = "DELETE", .target = "/v1/keys/" + net::url_encoded(id)});
}

json::object ApiClient::audit(const std::string& target, std::uint64_t after, std::size_t limit) {
  std::string path = fmt::format("/v1/audit?after={}&limit={}", after, limit);
  if (!target.empty()) path += "&target=" + net::url_encoded(target);
  return get(std::move(path));
}

json::object ApiClient::mail(const std::string& after, std::size_t limit) {
  std::string target = fmt::format("/v1/mail?limit={}", limit);
  if (!after.empty()) target += "&after=" + net::url_encoded(after);
  return get(std::move(target));
}

json::object ApiClient::sweep(bool dry_run, bool unknown) {
  // It walks through everything in the world that bears the label.
  return ask({.method = "POST",
              .target = fmt::format("/v1/sweep?dry_run={:d}&unknown={:d}", dry_run, unknown),
              .timeout = std::chrono::minutes(5)});
}

json::object ApiClient::status() { return get("/v1/status"); }

json::object ApiClient::version() { return get("/v1/version"); }

void ApiClient::logs(const TenantId& id, std::size_t tail, bool follow,
                     const std::function<bool(std::string_view)>& chunk, std::stop_token stop) {
  net::ClientRequest request;
  request.target = of_tenant(id, fmt::format("/logs?tail={}{}", tail, follow ? "&follow=1" : ""));
  sign(request);
  if (follow) request.timeout = Millis(0);  // an app may be silent for days
  const net::Response response = reached([&] { return http_.stream(request, chunk, stop); });
  if (response.status >= 400) throw problem_of(response);
}

json::object all_pages(std::string_view list, std::size_t limit,
                       const std::function<json::object(const std::string&, std::size_t)>& ask) {
  json::array all;
  std::string next;
  while (true) {
    const json::object page = ask(next, std::min(page_size, limit - all.size()));
    if (const json::array* entries = array_at(page, list)) all.insert(all.end(), entries->begin(), entries->end());
    std::string after = string_at(page, "next");
    const bool ends = after.empty() || after == next || all.size() >= limit;
    next = std::move(after);
    if (ends) break;
  }
  return {{list, std::move(all)}, {"next", next.empty() ? json::value(nullptr) : json::value(next)}};
}

}  // namespace slipway::cli
