#pragma once
#include <string>
#include <vector>

#include "config/config.hpp"

namespace slipway {

enum class Verdict { ok, warning, failure };

struct Finding {
  std::string subject;  // "docker", "postgres", "ports", "dns", "disk", "mail", "server"
  Verdict verdict = Verdict::ok;
  std::string found;  // in words
  std::string fix;    // what to do; empty where all is well
};

// Looks at everything that Slipway needs on this machine. Changes nothing.
std::vector<Finding> examine(const Config& config);

// For a person, or as a JSON array.
std::string to_text(const std::vector<Finding>& findings);
std::string to_json_text(const std::vector<Finding>& findings);

}  // namespace slipway
