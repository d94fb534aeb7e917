#include "settings.hpp"

#include <charconv>
#include <stdexcept>

namespace automation {

Settings read_settings(const std::function<const char*(const char*)>& env) {
  const auto text = [&](const char* name) {
    const char* value = env(name);
    return std::string(value ? value : "");
  };
  Settings settings;
  if (const std::string port = text("PORT"); !port.empty()) {
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), settings.port);
    if (problem != std::errc() || end != port.data() + port.size() || settings.port == 0) {
      throw std::runtime_error("PORT is '" + port + "'; it must be a number from 1 to 65535");
    }
  }
  settings.database_url = text("DATABASE_URL");
  if (settings.database_url.empty()) {
    throw std::runtime_error("DATABASE_URL is not set; it must look like postgresql://user:password@host:5432/name");
  }
  settings.company_name = text("COMPANY_NAME");
  settings.tenant_id = text("TENANT_ID");
  settings.subdomain = text("SUBDOMAIN");
  return settings;
}

}  // namespace automation
