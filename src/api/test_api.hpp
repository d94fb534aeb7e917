#pragma once
#include "api/router.hpp"

#include "base/crypto.hpp"
#include "engine/test_world.hpp"

// The whole interface over working fakes: a request in, a reply out, no sockets.
namespace slipway::api {
namespace json = boost::json;

struct Api : test::TestWorld {
  Sweeper sweeper{world, settings, [](const TenantId&) {}, Log::silent()};
  bool ledger_well = true;
  bool runtime_well = true;
  std::string peer = "unix";
  Gate gate{store, clock, {{"https://shop.example"}, {parse_address_range("10.0.0.9")}, 600, 3}};
  Health health{{{"ledger",
                  [this] {
                    if (!ledger_well) throw Error(ErrorKind::unavailable, "ledger: disk I/O error");
                    return std::string("ok");
                  },
                  true},
                 {"runtime",
                  [this] {
                    if (!runtime_well) throw Error(ErrorKind::unavailable, "docker: not reachable");
                    return std::string("fake");
                  }}},
                clock};
  Context context{store,
                  gate,
                  tenants,
                  watch,
                  sweeper,
                  settings.access,
                  clock,
                  random,
                  nullptr,
                  nullptr,
                  &health,
                  "1.2.3",
                  Secret("status key"),
                  Log::silent(),
                  nullptr,
                  [] { return std::string("up 1\n"); }};
  Router router = make_router(context);

  net::Reply ask(const std::string& method, const std::string& path, const std::string& body = "",
                 net::Headers headers = {{"Content-Type", "application/json"}}) {
    const auto question = path.find('?');
    const std::string query = question == std::string::npos ? "" : path.substr(question + 1);
    return router.handle({method, path.substr(0, question), query, std::move(headers), body, peer});
  }

  net::Response answer(const std::string& method, const std::string& path, const std::string& body = "",
                       net::Headers headers = {{"Content-Type", "application/json"}}) {
    return std::get<net::Response>(ask(method, path, body, std::move(headers)));
  }

  static std::string body_of(const std::string& slug) {
    return json::serialize(json::object{{"admin_email", "a@" + slug + ".example"},
                                        {"subdomain", slug},
                                        {"company_name", slug + " Inc"},
                                        {"userId", "user-" + slug}});
  }
};

inline json::object object_of(const net::Response& response) { return json::parse(response.body).as_object(); }

}  // namespace slipway::api
