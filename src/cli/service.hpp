#pragma once
#include "cli/api_client.hpp"
#include "cli/context.hpp"

// Commands about the service as a whole. Each returns the exit code.
namespace slipway::cli {

// Tenants by status, how long sign-ups took, and what is owed.
int show_service_status(Context& context, ApiClient& api, bool json);
int show_mail(Context& context, ApiClient& api, std::size_t limit, bool json);
int sweep(Context& context, ApiClient& api, bool dry_run, bool unknown, bool json);

// This program's version and the server's; a server that cannot be reached is said, and is no failure.
int show_version(Context& context, const ServerChoice& choice, bool json);

}  // namespace slipway::cli
