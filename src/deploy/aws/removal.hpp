#pragma once
#include "deploy/aws/account.hpp"
#include "deploy/aws/report.hpp"

namespace slipway::deploy {

struct RemoveOptions {
  bool yes = false;
  bool data = false;     // also what is kept otherwise
  bool dry_run = false;  // tell only
};

// Takes a Slipway out of an account: the machines, the Lambda and all that costs by the hour; with `data` also the
// ledger, the databases, the secrets and the images. Says what is left and how to remove it. False: the answer was no.
bool remove(Account& account, const Names& names, const RemoveOptions& options, Report& report, const Clock& clock);

}  // namespace slipway::deploy
