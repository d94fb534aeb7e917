#include "config/config.hpp"

#include <fmt/format.h>

#include "config/parts.hpp"
#include "config/secret.hpp"

namespace slipway {
namespace {

using config::Reading;
using config::Section;

constexpr std::size_t file_limit_bytes = 1u << 20;

YamlNode read_tree(const std::filesystem::path& file) {
  try {
    return parse_yaml(config::read_file(file, file_limit_bytes));
  } catch (const YamlError& e) {
    config::Problems problems(file.string());
    problems.add(e.where(), "", e.message());
    problems.throw_if_any();
    throw;
  }
}

YamlNode read_existing_tree(const std::filesystem::path& file) {
  try {
    return read_tree(file);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::invalid,
                fmt::format("{}; `slipway init IMAGE` writes one, and --config names another", e.message()));
  }
}

Reading reading_of(const std::filesystem::path& shown, const std::filesystem::path& file, const EnvLookup& env) {
  return {env, file.parent_path(), config::Problems(shown.string()), {}, 0, {}};
}

// A scalar's text, where the key is there.
void replace(YamlNode& tree, std::string_view key, const std::string& text) {
  const auto dot = key.find('.');
  for (auto& member : tree.members) {
    if (member.key != key.substr(0, dot)) continue;
    if (dot != std::string_view::npos) {
      replace(member.value, key.substr(dot + 1), text);
    } else if (member.value.kind == YamlNode::Kind::scalar) {
      member.value.text = text;
    }
  }
}

std::filesystem::path absolute_path(const std::filesystem::path& file) {
  return std::filesystem::absolute(file).lexically_normal();
}

}  // namespace

void config::read_all(const Section& top, const EnvLookup& env, Config& config) {
  read_places(top, config);
  read_app(top, config);
  read_plans(top, config);
  read_access(top, config);
  read_runtime(top, env, config);
  read_database(top, config);
  read_mail(top, config);
  read_aws(top, config);
  read_limits(top, config);
  read_log(top, config);
}

Config load_config(const std::filesystem::path& file, const EnvLookup& env, const Replaced& replaced) {
  YamlNode tree = read_existing_tree(file);
  for (const auto& [key, text] : replaced) replace(tree, key, text);
  Config config;
  config.file = absolute_path(file);
  Reading reading = reading_of(file, config.file, env);
  const Section top(reading, tree, "", "");
  config::read_all(top, env, config);
  config::check_together(top, config);
  reading.problems.throw_if_any();
  config.secrets = std::move(reading.secrets);
  return config;
}

std::filesystem::path load_socket_path(const std::filesystem::path& file, const EnvLookup& env) {
  const YamlNode tree = read_tree(file);
  Config config;
  config.file = absolute_path(file);
  // Only these keys count here: another one's error is the server's business.
  YamlNode places = tree;
  std::erase_if(places.members, [](const auto& m) { return m.key != "data_dir" && m.key != "api"; });
  Reading reading = reading_of(file, config.file, env);
  config::read_places(Section(reading, places, "", ""), config);
  reading.problems.throw_if_any();
  return config.api.socket;
}

}  // namespace slipway
