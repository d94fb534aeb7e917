#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// One key of slipway.yaml. This table decides which keys are known, and is held against the documentation.
struct ConfigKey {
  std::string_view path;      // "app.health.path"; "*" stands for a name, "[]" for each item of a list
  std::string_view type;      // in the documentation's words
  std::string_view fallback;  // what an absent key stands for, in YAML; empty: there is none
};

const std::vector<ConfigKey>& config_keys();

// The keys that may stand directly in the section at `path` ("" is the file's top).
std::vector<std::string> keys_in(std::string_view path);

}  // namespace slipway
