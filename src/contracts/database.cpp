#include "contracts/database.hpp"

#include <fmt/format.h>

#include "base/crypto.hpp"

namespace slipway {

Secret tenant_password(const Secret& master_key, const TenantId& tenant, std::uint32_t key_generation) {
  const std::string purpose = fmt::format("postgres/v1/{}/{}", tenant.value(), key_generation);
  return Secret(to_hex(hmac_sha256(master_key, purpose)));
}

}  // namespace slipway
