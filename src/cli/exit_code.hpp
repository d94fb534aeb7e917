#pragma once
#include "base/error.hpp"

namespace slipway::cli {

// What every command ends with; documented in docs/reference/cli.md.
enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,       // the operation failed
  exit_usage = 2,        // of the command line or the configuration
  exit_unreachable = 3,  // the server cannot be reached, or cannot answer now
  exit_not_found = 4,
  exit_refused = 5,    // a conflict, or not allowed
  exit_timed_out = 6,  // still going on when the waiting ended
};

int exit_code(const Error& error);

}  // namespace slipway::cli
