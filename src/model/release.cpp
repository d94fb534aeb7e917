#include "model/release.hpp"

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mask.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

constexpr std::int64_t release_format = 1;
constexpr std::size_t id_digits = 16;

json::array strings(const std::vector<std::string>& values) { return json::array(values.begin(), values.end()); }

std::vector<std::string> strings_of(const json::value& value) {
  std::vector<std::string> strings;
  for (const json::value& item : value.as_array()) strings.emplace_back(item.as_string());
  return strings;
}

std::vector<std::string> strings_at(const json::object& o, std::string_view key) {
  const json::value* value = o.if_contains(key);
  return value == nullptr ? std::vector<std::string>() : strings_of(*value);
}

// The lists in a list: ["name", "value"].
std::vector<std::vector<std::string>> lists_at(const json::object& o, std::string_view key) {
  std::vector<std::vector<std::string>> lists;
  const auto* array = array_at(o, key);
  for (const json::value& item : array == nullptr ? json::array() : *array) lists.push_back(strings_of(item));
  return lists;
}

std::vector<VolumeSpec> volumes_at(const json::object& o) {
  std::vector<VolumeSpec> volumes;
  for (const auto& entry : lists_at(o, "volumes")) volumes.push_back({entry.at(0), entry.at(1)});
  return volumes;
}

bool spells_out_a_secret(const EnvTemplate& variable) {
  const std::string& value = variable.value;
  if (value.find("{{") != value.npos || value.find("${") != value.npos) return false;
  const auto scheme = value.find("://");
  return names_a_secret(variable.name) || (scheme != value.npos && value.find('@', scheme) != value.npos);
}

json::array env_of(const AppSpec& app) {
  json::array env;
  for (const EnvTemplate& variable : app.env) {
    json::array entry{variable.name};
    if (!variable.todays) entry.emplace_back(variable.value);
    env.push_back(std::move(entry));
  }
  return env;
}

std::vector<EnvTemplate> env_at(const json::object& o) {
  std::vector<EnvTemplate> env;
  for (const auto& entry : lists_at(o, "env")) {
    const bool todays = entry.size() == 1;
    env.push_back({entry.at(0), todays ? "" : entry.at(1), todays});
  }
  return env;
}

json::array volumes_of(const AppSpec& app) {
  json::array volumes;
  for (const VolumeSpec& volume : app.volumes) volumes.push_back(json::array{volume.name, volume.path});
  return volumes;
}

json::object to_json(const Release& release) {
  const AppSpec& app = release.app;
  return {{"v", release_format},
          {"image", app.image},
          {"pinned", release.pinned},
          {"command", strings(app.command)},
          {"port", app.port},
          {"health_path", app.health_path},
          {"start_timeout", app.start_timeout.count()},
          {"stop_timeout", app.stop_timeout.count()},
          {"env", env_of(app)},
          {"volumes", volumes_of(app)},
          {"read_only", app.read_only},
          {"capabilities", strings(app.capabilities)}};
}

Release from_json(const json::object& o) {
  if (int_at(o, "v") > release_format) {
    throw Error(ErrorKind::internal, "ledger: a release was written by a newer version of Slipway; run that one");
  }
  AppSpec app;
  app.image = string_at(o, "image");
  app.command = strings_at(o, "command");
  app.port = static_cast<std::uint16_t>(int_at(o, "port"));
  app.health_path = string_at(o, "health_path");
  app.start_timeout = Millis(int_at(o, "start_timeout"));
  app.stop_timeout = Millis(int_at(o, "stop_timeout"));
  app.env = env_at(o);
  app.volumes = volumes_at(o);
  app.read_only = bool_at(o, "read_only");
  app.capabilities = strings_at(o, "capabilities");
  return release_of(app, string_at(o, "pinned"));
}

}  // namespace

Release release_of(const AppSpec& app, const std::string& pinned) {
  Release release{"", app, pinned};
  release.app.name.clear();
  for (EnvTemplate& variable : release.app.env) {
    if (!spells_out_a_secret(variable)) continue;
    variable.value.clear();
    variable.todays = true;
  }
  release.id = "r_" + to_hex(sha256(to_document(release))).substr(0, id_digits);
  return release;
}

std::string to_document(const Release& release) { return json::serialize(to_json(release)); }

Release release_from_document(std::string_view document) {
  const json::value value = parse_json(document, "ledger");
  if (!value.is_object()) throw Error(ErrorKind::internal, "ledger: a release is not a JSON object");
  try {
    return from_json(value.get_object());
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error(ErrorKind::internal, "ledger: a release is not of the expected shape");
  }
}

}  // namespace slipway
