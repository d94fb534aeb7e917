#include "model/app.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway {

std::string access_url(const AccessSpec& access, const Slug& slug, std::optional<Port> port) {
  if (!port) return {};
  if (access.domain == "localhost") return fmt::format("http://{}.localhost:{}", slug.value(), port->value());
  std::string dashed = access.address;
  std::replace(dashed.begin(), dashed.end(), '.', '-');
  return fmt::format("http://{}.{}.{}:{}", slug.value(), dashed, access.domain, port->value());
}

}  // namespace slipway
