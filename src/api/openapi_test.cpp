// /openapi.json against the routes themselves; tests/e2e validates real answers with it.
#include <set>

#include "api/test_api.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

// "GET /v1/tenants" -> what it says about who may call it: "", "key".
std::map<std::string, std::string> described(Api& api) {
  std::map<std::string, std::string> found;
  const auto answer = api.answer("GET", "/openapi.json");
  EXPECT_EQ(net::header(answer.headers, "Content-Type"), "application/json");
  const json::object document = object_of(answer);
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      const auto* security = operation.as_object().if_contains("security");
      std::string name(method);
      for (char& c : name) c = static_cast<char>(std::toupper(c));
      found[name + " " + std::string(path)] = security != nullptr && security->as_array().empty() ? "" : "key";
    }
  }
  return found;
}

TEST(OpenApi, DescribesEachRouteAndNoOther) {
  Api api;
  std::set<std::string> documented;
  for (const auto& [route, security] : described(api)) documented.insert(route);
  const auto routes = api.router.routes();
  EXPECT_EQ(documented, std::set<std::string>(routes.begin(), routes.end()));
}

TEST(OpenApi, SaysWhereAKeyIsNeeded) {
  Api api;
  const auto all = described(api);
  api.peer = "203.0.113.7";
  for (const auto& [route, security] : all) {
    const auto space = route.find(' ');
    std::string path = route.substr(space + 1);
    if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, "t_01jdd2x8k40a1b2c3d4e");
    EXPECT_EQ(api.answer(route.substr(0, space), path).status == 401, security == "key") << route;
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  Api api;
  const std::string text = api.answer("GET", "/openapi.json").body;
  const json::value document = json::parse(text);
  std::size_t references = 0;
  const std::string mark = "\"$ref\": \"#";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto from = at + mark.size();
    const std::string pointer = text.substr(from, text.find('"', from) - from);
    boost::system::error_code error;
    EXPECT_NE(document.find_pointer(pointer, error), nullptr) << pointer;
    ++references;
  }
  EXPECT_GT(references, 20u);
}

}  // namespace
}  // namespace slipway::api
