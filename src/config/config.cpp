#include "config/config.hpp"

#include <fmt/format.h>

#include "config/load.hpp"
#include "config/rules.hpp"
#include "config/secret.hpp"

namespace slipway {
namespace {

using config::Reader;

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

// A scalar's text, if the file has the key.
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

}  // namespace

config::Loaded config::load(const std::filesystem::path& file, const EnvLookup& env, const Replaced& replaced) {
  YamlNode tree;
  try {
    tree = read_tree(file);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::invalid,
                fmt::format("{}; `slipway init IMAGE` writes one, and --config names another", e.message()));
  }
  for (const auto& [key, text] : replaced) replace(tree, key, text);
  Reader reader(file, env);
  reader.read(tree);
  complete(reader, env);
  reader.problems.throw_if_any();
  reader.config.variables = env;
  return {std::move(reader.config), std::move(reader.written)};
}

Config load_config(const std::filesystem::path& file, const EnvLookup& env, const Replaced& replaced) {
  return config::load(file, env, replaced).config;
}

std::filesystem::path load_socket_path(const std::filesystem::path& file, const EnvLookup& env) {
  const YamlNode tree = read_tree(file);
  Reader reader(file, env);
  reader.read_only("data_dir", tree);
  reader.read_only("api", tree);
  config::complete_places(reader);
  reader.problems.throw_if_any();
  return reader.config.api.socket;
}

}  // namespace slipway
