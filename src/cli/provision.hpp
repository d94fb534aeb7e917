#pragma once
#include <map>
#include <string>

#include "cli/api_client.hpp"
#include "cli/context.hpp"

namespace slipway::cli {

struct ProvisionOptions {
  std::string email;
  std::string subdomain;
  std::string company;
  std::string user_id;
  std::string plan;
  std::vector<std::string> metadata;  // "key=value"
  std::string idempotency_key;
  unsigned wait_seconds = 120;
  bool no_wait = false;
  bool json = false;
};

// Signs a customer up and, unless told not to, shows how the instance comes up, until it is there. Returns the exit
// code: failed where the provisioning failed, timed_out where it still goes on.
int provision(Context& context, ApiClient& api, const ProvisionOptions& options);

}  // namespace slipway::cli
