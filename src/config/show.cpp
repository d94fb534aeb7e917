#include "config/show.hpp"

#include <fmt/format.h>

#include "config/load.hpp"

namespace slipway {
namespace {

using config::Key;
using config::Written;

constexpr std::string_view plans = "plans.*.";

ShownKey shown(const Written& value) {
  std::string from = fmt::format("line {}", value.line);
  if (!value.variables.empty()) from += fmt::format(", environment {}", fmt::join(value.variables, ", "));
  return {value.path, value.shown, std::move(from)};
}

ShownKey of_plan(const Key& key, const std::string& plan, const std::vector<Written>& written) {
  const std::string_view rest = key.path.substr(plans.size());
  const std::string path = fmt::format("plans.{}.{}", plan, rest);
  const Written* standard = nullptr;
  for (const Written& value : written) {
    if (value.path == path) return shown(value);
    if (value.path == fmt::format("plans.default.{}", rest)) standard = &value;
  }
  if (standard != nullptr) return {path, standard->shown, "plans.default"};
  return {path, std::string(key.absent.value), "default"};
}

}  // namespace

std::vector<ShownKey> effective_config(const std::filesystem::path& file, const EnvLookup& env) {
  config::Loaded loaded = config::load(file, env);
  config::Place place = config::place_in(loaded.config);
  std::vector<ShownKey> all;
  for (const Key& key : config::keys()) {
    const std::size_t before = all.size();
    if (key.path.starts_with(plans)) {
      for (const auto& [plan, values] : loaded.config.plans) all.push_back(of_plan(key, plan, loaded.written));
      continue;
    }
    for (const Written& value : loaded.written) {
      if (value.key == &key) all.push_back(shown(value));
    }
    const bool may_be_absent = key.path.find_first_of("*[") == std::string_view::npos;
    if (all.size() > before || !may_be_absent) continue;
    const bool constant = !key.absent.value.empty() && key.kind.form != config::Form::path;
    std::string value = constant ? std::string(key.absent.value) : key.member.print(key.member.in(place));
    if (!value.empty()) all.push_back({std::string(key.path), std::move(value), "default"});
  }
  return all;
}

}  // namespace slipway
