#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace automation {

// What the environment says. Only main reads it.
struct Settings {
  std::uint16_t port = 8080;
  std::string database_url;
  std::string company_name;
  std::string tenant_id;
  std::string subdomain;
};

// Throws std::runtime_error, in words, for a missing DATABASE_URL or a PORT that is none. `env` answers nullptr for a
// variable that is not set.
Settings read_settings(const std::function<const char*(const char*)>& env);

}  // namespace automation
