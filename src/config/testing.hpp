#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/error.hpp"
#include "config/config.hpp"

// For tests of the configuration: a folder of their own, and an environment that is a map.
namespace slipway::test {

class ConfigFolder : public ::testing::Test {
 protected:
  ConfigFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "slipway-config-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~ConfigFolder() override {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return (folder / name).string();
  }
  EnvLookup lookup() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env.find(name);
      return found == env.end() ? std::nullopt : std::optional(found->second);
    };
  }
  Config load(const std::string& text) const { return load_config(write("slipway.yaml", text), lookup()); }
  // What is wrong with it, without the folder's name; empty where nothing is.
  std::string complaint(const std::string& text) const {
    try {
      load(text);
      return "";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::invalid);
      std::string message = e.message();
      const std::string prefix = folder.string() + "/";
      for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
        message.erase(at, prefix.size());
      }
      return message;
    }
  }

  std::filesystem::path folder;
  std::map<std::string, std::string> env;
};

}  // namespace slipway::test
