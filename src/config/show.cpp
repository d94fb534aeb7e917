#include "config/show.hpp"

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/secret.hpp"
#include "config/section.hpp"
#include "config/yaml.hpp"

namespace slipway {
namespace {

constexpr std::size_t file_limit_bytes = 1u << 20;
constexpr std::string_view masked_value = "***";
constexpr std::string_view plans = "plans.*.";

// The values that stand in the file, by their key in the table.
using Written = std::map<std::string, std::vector<ShownKey>, std::less<>>;

class Reader {
 public:
  explicit Reader(const EnvLookup& env) : env_(env) {}

  void read(const YamlNode& node, const std::string& pattern, const std::string& path) {
    if (node.kind == YamlNode::Kind::null) return;
    if (node.kind == YamlNode::Kind::map) return read_map(node, pattern, path);
    const ConfigKey* key = find(pattern);
    if (node.kind == YamlNode::Kind::list && key == nullptr) {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        read(node.items[i], pattern + "[]", fmt::format("{}[{}]", path, i));
      }
    } else if (key != nullptr) {
      add(node, *key, path);
    }
  }

  Written written;

 private:
  static const ConfigKey* find(std::string_view pattern) {
    for (const ConfigKey& key : config_keys()) {
      if (key.path == pattern) return &key;
    }
    return nullptr;
  }

  void read_map(const YamlNode& node, const std::string& pattern, const std::string& path) {
    const bool free_names = keys_in(pattern) == std::vector<std::string>{"*"};
    const std::string head = pattern.empty() ? "" : pattern + ".";
    for (const auto& member : node.members) {
      read(member.value, head + (free_names ? "*" : member.key), path.empty() ? member.key : path + "." + member.key);
    }
  }

  // What the environment puts into free text may be a secret: such values show as ${NAME}.
  static bool may_hold_secrets(std::string_view type) {
    return type == "text" || type == "list of text" || type == "template" || type == "address";
  }

  void add(const YamlNode& node, const ConfigKey& key, const std::string& path) {
    std::vector<std::string> used;
    const bool as_written = may_hold_secrets(key.type);
    std::string value;
    if (node.kind == YamlNode::Kind::list) {
      for (const YamlNode& item : node.items) {
        const std::string text = text_of(item, used);
        value += (value.empty() ? "" : ", ") + (as_written ? item.text : text);
      }
      value = "[" + value + "]";
    } else {
      value = text_of(node, used);
      if (as_written) value = node.text;
    }
    // What is written into the app's environment may be a secret of the app's; a template says where it comes from.
    if (key.path == "app.env.*" && value.find("{{") == std::string::npos) value = masked_value;
    if (key.type == "secret") value = masked_value;
    std::string from = fmt::format("line {}", node.at.line);
    if (!used.empty()) from += fmt::format(", environment {}", fmt::join(used, ", "));
    written[std::string(key.path)].push_back({path, value, from});
  }

  std::string text_of(const YamlNode& node, std::vector<std::string>& used) const {
    return config::substituted(node.text, env_, used);
  }

  const EnvLookup& env_;
};

// What an absent key stands for where that follows from others, or is too long for the table.
std::string derived_value(std::string_view key, const Config& config) {
  if (key == "data_dir") return config.data_dir.string();
  if (key == "api.socket") return config.api.socket.string();
  if (key == "mail.outbox.directory") return config.mail.outbox.string();
  if (key == "mail.smtp.port") return std::to_string(config.mail.smtp.port);
  if (key == "runtime.docker.config") return config.runtime.docker.config_file.string();
  if (key == "limits.reserved_subdomains")
    return fmt::format("[{}]", fmt::join(config.limits.reserved_subdomains, ", "));
  return "";
}

void add_plans(const ConfigKey& key, const Written& written, const Config& config, std::vector<ShownKey>& to) {
  const auto found = written.find(key.path);
  const auto of_plan = [&](const std::string& path) -> const ShownKey* {
    if (found == written.end()) return nullptr;
    for (const ShownKey& shown : found->second) {
      if (shown.key == path) return &shown;
    }
    return nullptr;
  };
  const std::string rest(key.path.substr(plans.size()));
  for (const auto& [name, plan] : config.plans) {
    const std::string path = fmt::format("plans.{}.{}", name, rest);
    if (const ShownKey* own = of_plan(path)) {
      to.push_back(*own);
    } else if (const ShownKey* standard = of_plan("plans.default." + rest)) {
      to.push_back({path, standard->value, "plans.default"});
    } else {
      to.push_back({path, std::string(key.fallback), "default"});
    }
  }
}

}  // namespace

std::vector<ShownKey> effective_config(const std::filesystem::path& file, const EnvLookup& env) {
  const Config config = load_config(file, env);
  Reader reader(env);
  reader.read(parse_yaml(config::read_file(file, file_limit_bytes)), "", "");
  std::vector<ShownKey> shown;
  for (const ConfigKey& key : config_keys()) {
    if (key.path.starts_with(plans)) {
      add_plans(key, reader.written, config, shown);
      continue;
    }
    if (const auto found = reader.written.find(key.path); found != reader.written.end()) {
      shown.insert(shown.end(), found->second.begin(), found->second.end());
      continue;
    }
    std::string value = derived_value(key.path, config);
    if (value.empty()) value = key.fallback;
    if (!value.empty()) shown.push_back({std::string(key.path), std::move(value), "default"});
  }
  return shown;
}

}  // namespace slipway
