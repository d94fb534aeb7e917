#pragma once
#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "model/names.hpp"

namespace slipway::test {

// Names that no other test has, also none that runs at the same time.
inline TenantId new_tenant_id() {
  SystemRandom random;
  return TenantId(new_id("t_", SystemClock().now(), random));
}

inline InstallationId new_installation_id() {
  SystemRandom random;
  std::string text;
  while (text.size() < 6) text += "0123456789abcdefghijklmnopqrstuvwxyz"[random.next() % 36];
  return InstallationId(text);
}

}  // namespace slipway::test
