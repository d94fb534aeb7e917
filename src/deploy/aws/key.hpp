#pragma once
#include <string>

#include "contracts/access.hpp"
#include "deploy/aws/account.hpp"

namespace slipway {

// Writes a new API key into the ledger of a deployed Slipway, with a line in the audit trail; returns the key itself,
// which is kept nowhere. Throws not_found where there is no ledger yet.
Secret make_key(deploy::Account& account, const deploy::Names& names, const std::string& name, Scope scope,
                const Clock& clock, Random& random);

}  // namespace slipway
