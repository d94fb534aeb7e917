#pragma once
#include <string>
#include <string_view>

#include "contracts/database.hpp"
#include "engine/settings.hpp"
#include "model/tenant.hpp"

namespace slipway {

// Frees what an app, a driver or a provider said of secrets before it is written down, logged or mailed: those of the
// configuration, the tenant's database password, and what looks like an API key of ours or a status URL's token.
class Quoting {
 public:
  Quoting(const Settings& settings, const Database& database) : settings_(settings), database_(database) {}

  std::string operator()(const TenantId& tenant, std::string_view text) const;

  // Everything in the row, and in an event of it, that may quote somebody.
  void mask(Tenant& tenant) const;
  void mask(const TenantId& tenant, Event& event) const;

 private:
  const Settings& settings_;
  const Database& database_;
};

}  // namespace slipway
