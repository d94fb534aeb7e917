#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "model/names.hpp"
#include "net/http_client.hpp"

namespace slipway::cli {

// The HTTP API, call by call. Answers are the API's own JSON objects. A problem becomes an Error of the kind that its
// status means, with the server's words; a server that cannot be reached is Error(unavailable) with what to do.
class ApiClient {
 public:
  // With a key, every request bears it (Authorization: Bearer …).
  explicit ApiClient(const net::Endpoint& endpoint, Secret api_key = {});

  // The id itself, or that of the tenant with this subdomain. Throws not_found.
  TenantId resolve(const std::string& id_or_subdomain);

  boost::json::object provision(const boost::json::object& body, const std::string& idempotency_key);
  boost::json::object tenants(const std::string& status, const std::string& search, const std::string& after,
                              std::size_t limit);
  boost::json::object tenant(const TenantId& id);
  boost::json::object remove(const TenantId& id);
  boost::json::object act(const TenantId& id, std::string_view verb);  // "suspend", "restart"…
  // The server holds the answer for at most `wait`, up to 30 s, while there is nothing after `after`.
  boost::json::object events(const TenantId& id, std::uint64_t after, std::size_t limit, std::chrono::seconds wait);
  boost::json::object stats(const TenantId& id);
  boost::json::object mail(const std::string& after, std::size_t limit);
  boost::json::object sweep(bool dry_run, bool unknown);
  boost::json::object status();
  boost::json::object version();

  boost::json::object create_key(const std::string& name, const std::string& scope);
  boost::json::object keys();
  void revoke_key(const std::string& id);
  boost::json::object audit(const std::string& target, std::uint64_t after, std::size_t limit);

  void logs(const TenantId& id, std::size_t tail, bool follow, const std::function<bool(std::string_view)>& chunk,
            std::stop_token stop);

 private:
  net::Response send(net::ClientRequest request);  // throws what the answer's status means
  boost::json::object ask(net::ClientRequest request);
  boost::json::object get(std::string target);
  template <class Call>
  auto reached(Call call);

  void sign(net::ClientRequest& request) const;

  std::string where_;
  Secret api_key_;
  net::HttpClient http_;
};

// Page after page of a list, up to the limit; `next` is left where there are more. `ask` is given the `after` and the
// limit of a page.
boost::json::object all_pages(std::string_view list, std::size_t limit,
                              const std::function<boost::json::object(const std::string&, std::size_t)>& ask);
}  // namespace slipway::cli
