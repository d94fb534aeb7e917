#pragma once
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/yaml.hpp"

namespace slipway::config {

// What is wrong with a file, gathered so that everything can be told at once.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string key, std::string why);
  // Throws Error(invalid) with all of it, in the file's order, if there is any.
  void throw_if_any() const;

 private:
  struct Problem {
    Position at;
    std::string key;
    std::string why;
  };
  std::string file_;
  std::vector<Problem> problems_;
};

// What reading a file has at hand.
struct Reading {
  const EnvLookup& env;
  std::filesystem::path directory;  // of the file; relative paths start here
  Problems problems;
  std::set<std::string, std::less<>> asked;  // keys of the table that were looked for
  std::size_t last_asked = 0;                // its place in the table; the next one is mostly near
  std::vector<Secret> secrets;               // what was read as one, or found by `find_secrets`
};

// One map of the file. Each call looks for one key: an absent or null one leaves `out` as it is, and what is wrong with
// a value goes to the problems, with its place. Asking for a key that the table does not have is a bug and throws
// std::logic_error. Opening a section finds its unknown keys and those given twice.
class Section {
 public:
  // `pattern` is the section's path in the table of keys ("plans.*"), `path` the one that is shown ("plans.small").
  Section(Reading& reading, const YamlNode& node, std::string pattern, std::string path);
  // One that the file does not have; what it misses is told at the place of the section around it.
  Section(Reading& reading, Position around, std::string pattern, std::string path);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  Section section(std::string_view key) const;

  template <class T, class Parse>
  void read(std::string_view key, T& out, Parse parse) const {
    scalar(key, false, [&](const std::string& text) { out = parse(text); });
  }
  // May be "file:PATH"; neither the value nor what was read ever shows in a problem.
  template <class T, class Parse>
  void secret(std::string_view key, T& out, Parse parse) const {
    scalar(key, true, [&](const std::string& text) { out = parse(text); });
  }
  template <class T, class Parse>
  void list(std::string_view key, std::vector<T>& out, Parse parse) const {
    std::vector<T> values;
    if (scalars(key, [&](const std::string& text) { values.push_back(parse(text)); })) out = std::move(values);
  }
  // A path, made absolute; "" is none.
  void path(std::string_view key, std::filesystem::path& out) const;

  // The maps of a list, and the maps or scalars of a map whose names are free.
  std::vector<Section> sections(std::string_view key) const;
  std::vector<std::pair<std::string, Section>> named_sections(
      std::string_view key, const std::function<std::string(std::string_view)>& parse) const;
  void named_scalars(std::string_view key, const std::function<void(const std::string& name)>& check_name,
                     const std::function<void(const std::string& name, const std::string& text)>& value) const;

  // Keeps what the app is given there and must not be quoted: each value that came from the environment, and what is
  // written under a name that says so ("STRIPE_KEY").
  void find_secrets(std::string_view key) const;

  // Says what is wrong with a key's value (or with the section, where it is absent).
  void problem(std::string_view key, std::string why) const;
  void require(std::string_view key, std::string_view why) const;

 private:
  using Take = std::function<void(const std::string&)>;

  const YamlNode* find(std::string_view key) const;
  void check_keys() const;
  void scalar(std::string_view key, bool secret, const Take& take) const;
  bool scalars(std::string_view key, const Take& take) const;
  void take_scalar(const YamlNode& node, const std::string& shown_key, bool secret, const Take& take) const;
  std::string shown(std::string_view key) const;
  void ask(std::string_view key) const;

  Reading* reading_;
  const YamlNode* node_;
  Position at_;
  std::string pattern_;
  std::string path_;
};

// Replaces each ${NAME} and $$. Throws Error(invalid) for a variable that is not set. `used` gets the names.
std::string substituted(std::string_view text, const EnvLookup& env, std::vector<std::string>& used);

}  // namespace slipway::config
