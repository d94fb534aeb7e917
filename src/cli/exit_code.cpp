#include "cli/exit_code.hpp"

namespace slipway::cli {

int exit_code(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::invalid:
      return exit_usage;
    case ErrorKind::unavailable:
      return exit_unreachable;
    case ErrorKind::not_found:
      return exit_not_found;
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::conflict:
    case ErrorKind::limited:
      return exit_refused;
    case ErrorKind::internal:
      return exit_failed;
  }
  return exit_failed;
}

}  // namespace slipway::cli
