#pragma once
#include <string>

#include "cli/api_client.hpp"
#include "cli/context.hpp"

// Commands about tenants and what is wanted of them. Each returns the exit code.
namespace slipway::cli {

struct ListOptions {
  std::string status;
  std::string search;
  std::size_t limit = 1'000;
  bool json = false;
};
int list_tenants(Context& context, ApiClient& api, const ListOptions& options);

int show_tenant(Context& context, ApiClient& api, const std::string& tenant, bool json);

// The verb as the API has it: "suspend", "restart".
int change_tenant(Context& context, ApiClient& api, const std::string& tenant, std::string_view verb, bool json);

// Restarts those whose settings have changed, each once the one before is active again. Stops at one that is not in
// time.
int apply_all(Context& context, ApiClient& api, unsigned timeout_seconds, bool json);

struct RemoveOptions {
  bool yes = false;
  bool wait = false;
  unsigned timeout_seconds = 120;
  bool json = false;
};
// Without `yes` it asks on a terminal, and refuses elsewhere.
int remove_tenant(Context& context, ApiClient& api, const std::string& tenant, const RemoveOptions& options);

}  // namespace slipway::cli
