#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/problems.hpp"
#include "config/yaml.hpp"

namespace slipway::config {

// A key that the file has.
struct Written {
  const Key* key;
  std::string path;  // "plans.small.memory"
  int line;
  std::string shown;                   // its value, without what may be a secret
  std::vector<std::string> variables;  // of the environment, whose values are in it
};

// What has been read of a file. Begins with the default of every key that has one.
class Reader {
 public:
  // `file`: as it is named in problems. Relative paths start in its folder.
  Reader(const std::filesystem::path& file, const EnvLookup& env);
  Reader(const Reader&) = delete;

  void read(const YamlNode& root);
  void read_only(std::string_view section, const YamlNode& root);  // of the top; the rest is not looked at

  // Whether the file has a value for this key or section.
  bool has(const std::string& path) const { return places_.contains(path); }
  // Says what is wrong with a value, at its place, or at that of the section around it if the file has none.
  void problem(const std::string& path, std::string why);
  void require(const std::string& path, std::string_view why);

  Config config;
  std::vector<Written> written;
  Problems problems;

 private:
  // `pattern` is a section's path in the table of keys ("plans.*"), `path` its own ("plans.small").
  void read_map(const YamlNode& map, const std::string& pattern, const std::string& path);
  void read_member(const YamlNode& map, const std::string& name, const std::string& pattern, const std::string& path);
  void read_named(const YamlNode::Member& member, const std::string& pattern, const std::string& path);
  void read_items(const YamlNode& list, const std::string& pattern, const std::string& path);
  void read_value(const Key& key, const YamlNode& node, const std::string& path);
  // Returns how the value may be shown.
  std::string read_scalar(const Key& key, const YamlNode& node, const std::string& path,
                          std::vector<std::string>& variables);
  void keep_secrets(const Key& key, const std::string& path, const std::string& text,
                    const std::vector<std::string>& variables);
  void take(const Key& key, const std::string& text);
  void take_defaults();
  void check_names(const YamlNode& map, const std::string& pattern, const std::string& path);

  const EnvLookup& env_;
  Place place_;
  std::map<std::string, Position> places_;
};

}  // namespace slipway::config
