#include "aws/profiles.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::aws {
namespace {

std::string path_of(const Surroundings& around, const std::string& variable, const std::string& file) {
  auto path = around.variable(variable);
  if (path.empty() && !around.home.empty()) path = around.home + "/.aws/" + file;
  if (path.starts_with("~/")) path = around.home + path.substr(1);
  return path;
}

// "profile  name " -> {"profile", "name"}; "default" -> {"", "default"}.
std::pair<std::string, std::string> section_name(const std::string& inside) {
  const auto text = trimmed(inside);
  const auto space = text.find_first_of(" \t");
  if (space == std::string::npos) return {"", text};
  auto name = trimmed(text.substr(space));
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front()) {
    name = name.substr(1, name.size() - 2);
  }
  return {text.substr(0, space), name};
}

// A comment may follow a value behind a space.
std::string value_of(const std::string& text) {
  auto value = text;
  for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) value = value.substr(0, value.find(mark));
  return trimmed(value);
}

}  // namespace

Profiles::Profiles(const Surroundings& around) : chosen_(around.profile) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (chosen_.empty()) chosen_ = around.variable(name);
  }
  if (chosen_.empty()) chosen_ = "default";
  const auto config = path_of(around, "AWS_CONFIG_FILE", "config");
  const auto credentials = path_of(around, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  places_ = config.empty() ? "no file (there is no home directory)" : config + " and " + credentials;
  read(around, config, true);
  read(around, credentials, false);
}

void Profiles::read(const Surroundings& around, const std::string& path, bool is_config) {
  if (path.empty()) return;
  const auto text = around.read_file(path);
  if (!text) return;
  Settings* section = nullptr;
  unsigned number = 0;
  for (auto line : split(*text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    const auto bare = trimmed(line);
    if (bare.empty() || bare.front() == '#' || bare.front() == ';') continue;
    if (bare.front() == '[' && line.front() == '[') {
      const auto end = bare.find(']');
      if (end == std::string::npos) {
        throw Error(ErrorKind::invalid, fmt::format("{}, line {}: a section without its ']'", path, number));
      }
      const auto [type, name] = section_name(bare.substr(1, end - 1));
      section = nullptr;
      // In the config file a profile is "[profile NAME]" or "[default]"; in the credentials file "[NAME]".
      const bool is_profile = is_config ? type == "profile" || (type.empty() && name == "default") : type.empty();
      if (is_profile) section = &profiles_[name];
      continue;
    }
    // Indented lines are settings of a service's own ("s3 =" and what follows), which nobody here needs.
    if (line.front() == ' ' || line.front() == '\t') continue;
    const auto equals = bare.find('=');
    if (equals == std::string::npos) {
      // The line itself stays out of the error: it may be half of a key.
      throw Error(ErrorKind::invalid, fmt::format("{}, line {}: expected 'name = value'", path, number));
    }
    if (section != nullptr) {
      (*section)[lowered_ascii(trimmed(bare.substr(0, equals)))] = value_of(bare.substr(equals + 1));
    }
  }
}

const Settings* Profiles::profile(std::string_view name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : &found->second;
}

}  // namespace slipway::aws
