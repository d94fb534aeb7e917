#include "model/app.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway {

std::string access_url(const AccessSpec& access, const Tenant& t) {
  if (!t.port) return {};
  const std::string& slug = t.sign_up.slug.value();
  if (access.domain == "localhost") return fmt::format("http://{}.localhost:{}", slug, t.port->value());
  std::string dashed = t.host.empty() ? access.address : t.host;
  if (dashed.empty()) return {};
  std::replace(dashed.begin(), dashed.end(), '.', '-');
  return fmt::format("http://{}.{}.{}:{}", slug, dashed, access.domain, t.port->value());
}

std::string shown_url(const AccessSpec& access, const Tenant& t) {
  return t.url.empty() ? access_url(access, t) : t.url;
}

}  // namespace slipway
