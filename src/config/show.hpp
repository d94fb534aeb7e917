#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace slipway {

struct ShownKey {
  std::string key;    // "plans.small.memory"
  std::string value;  // "***" for secrets; text that takes a variable shows as it is written
  std::string from;   // "line 7", "line 7, environment SHOP_PORT", "plans.default", "default"
};

// What is in force, key by key in the order of the reference, and where each value comes from; keys that stand for
// nothing are left out. Throws what load_config() throws.
std::vector<ShownKey> effective_config(const std::filesystem::path& file, const EnvLookup& env);

}  // namespace slipway
