#pragma once
#include "cli/api_client.hpp"
#include "cli/context.hpp"

// Commands about who may use the API, and who did. Each returns the exit code.
namespace slipway::cli {

// Shows the key, this once.
int create_key(Context& context, ApiClient& api, const std::string& name, const std::string& scope, bool json);
int list_keys(Context& context, ApiClient& api, bool json);
int revoke_key(Context& context, ApiClient& api, const std::string& id, bool json);

// The newest come last; `tenant` is a subdomain, an id or empty.
int show_audit(Context& context, ApiClient& api, const std::string& tenant, std::size_t limit, bool json);

}  // namespace slipway::cli
