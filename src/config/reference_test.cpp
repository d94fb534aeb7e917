#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.hpp"
#include "config/keys.hpp"

namespace slipway {
namespace {

struct Row {
  std::string type;
  std::string fallback;
};

std::string without_ticks(std::string text) {
  std::erase(text, '`');
  return trimmed(text);
}

// The rows "| `key` | type | default | meaning |" of the reference.
std::map<std::string, Row> documented() {
  const auto file = std::filesystem::path("docs/reference/configuration.md");
  std::ifstream in(file);
  EXPECT_TRUE(in.is_open()) << file;
  std::map<std::string, Row> rows;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `")) continue;
    const auto cells = split(line, '|');
    EXPECT_EQ(cells.size(), 6u) << line;
    if (cells.size() != 6) continue;
    EXPECT_NE(trimmed(cells[4]), "") << line << ": has no meaning";
    const bool fresh = rows.emplace(without_ticks(cells[1]), Row{trimmed(cells[2]), trimmed(cells[3])}).second;
    EXPECT_TRUE(fresh) << cells[1] << " is documented twice";
  }
  return rows;
}

TEST(ConfigurationReference, HasEveryKeyWithItsTypeAndDefaultAndNoOther) {
  std::map<std::string, Row> rows = documented();
  for (const ConfigKey& key : config_keys()) {
    const auto found = rows.find(std::string(key.path));
    if (found == rows.end()) {
      ADD_FAILURE() << key.path << " is not documented";
      continue;
    }
    EXPECT_EQ(found->second.type, key.type) << key.path;
    // A default in words is allowed where the table has none.
    if (!key.fallback.empty()) {
      EXPECT_EQ(found->second.fallback, "`" + std::string(key.fallback) + "`") << key.path;
    } else {
      EXPECT_EQ(found->second.fallback.find('`'), std::string::npos) << key.path << " has no such default";
    }
    rows.erase(found);
  }
  for (const auto& [key, row] : rows) ADD_FAILURE() << key << " is documented, but is no key";
}

}  // namespace
}  // namespace slipway
