#include "drivers/ecs_common/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr std::size_t names_limit = 10;  // SSM DeleteParameters
constexpr int pages_limit = 10'000;

}  // namespace

void Parameters::put(const std::string& name, const Secret& value) {
  ssm_.call("PutParameter",
            json::object{{"Name", name},
                         {"Value", value.reveal()},
                         {"Type", "SecureString"},
                         {"Overwrite", true},
                         {"Tier", "Intelligent-Tiering"}});  // above 4 KiB a parameter costs, below it does not
}

std::vector<std::string> Parameters::below(const std::string& path) {
  const json::object filter{{"Key", "Path"}, {"Option", "Recursive"}, {"Values", json::array{path}}};
  json::object input{{"ParameterFilters", json::array{filter}}, {"MaxResults", 50}};
  std::vector<std::string> names;
  for (int page = 0; page < pages_limit; ++page) {
    const json::object answer = ssm_.call("DescribeParameters", input);
    if (const auto* found = array_at(answer, "Parameters")) {
      for (const auto& parameter : *found) {
        std::string name = string_at(parameter.as_object(), "Name");
        if (name.starts_with(path + "/")) names.push_back(std::move(name));
      }
    }
    const std::string next = string_at(answer, "NextToken");
    if (next.empty()) return names;
    input["NextToken"] = next;
  }
  throw Error(ErrorKind::internal, fmt::format("ssm: there are more than {} pages of parameters", pages_limit));
}

void Parameters::remove(const std::vector<std::string>& names) {
  for (std::size_t from = 0; from < names.size(); from += names_limit) {
    json::array batch;
    for (std::size_t i = from; i < std::min(names.size(), from + names_limit); ++i) batch.emplace_back(names[i]);
    ssm_.call("DeleteParameters", json::object{{"Names", std::move(batch)}});
  }
}

}  // namespace slipway::ecs
