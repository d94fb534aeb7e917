#pragma once
#include "config/reader.hpp"

namespace slipway::config {

// What load_config() reads, and where each of its values stands in the file.
struct Loaded {
  Config config;
  std::vector<Written> written;
};
Loaded load(const std::filesystem::path& file, const EnvLookup& env, const Replaced& replaced = {});

}  // namespace slipway::config
