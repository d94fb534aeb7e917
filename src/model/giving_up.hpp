#pragma once
#include <string>

#include "model/next_steps.hpp"

namespace slipway {

// What keeps a tenant's instance from being ready.
struct Trouble {
  enum class Kind {
    passing,    // what the world does wrong, or that the machines are full: it is waited for
    exit,       // the app ended
    overdue,    // a boot was not ready in time
    permanent,  // another try would end the same way: there is no such image
  };
  Kind kind = Kind::passing;
  std::string reason;
  ReasonCode code = ReasonCode::internal;
  unsigned times = 1;  // in a row
};

// Whether the provisioning ends with this trouble. It holds for the row as it was when the trouble was met: whatever
// has been asked for since has not been tried yet.
bool gives_up(const Tenant& tenant, const Trouble& trouble, const Policy& policy);

// Says on the row what is wrong; with `give_up`, that its provisioning has failed.
void write_down(Tenant& tenant, const Trouble& trouble, bool give_up);

// Whether a step of a provisioning has been failing for so long that the operator is to be told.
bool waits_too_long(const Tenant& tenant, const Policy& policy, TimePoint now);

// Whether a mail that could not be sent is not tried again.
bool gives_up(const Mail& mail, bool retryable, const Policy& policy, TimePoint now);

}  // namespace slipway
