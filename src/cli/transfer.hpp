#pragma once
#include <iosfwd>
#include <string>

#include "cli/api_client.hpp"
#include "cli/context.hpp"

// Tenants' specifications, what POST /provision takes, as JSON lines. Each returns the exit code.
namespace slipway::cli {

// One line for each tenant that is not deleted: userId, subdomain, company_name, admin_email, plan, metadata.
int export_tenants(Context& context, ApiClient& api);

// Signs each line's tenant up. A userId that is there already stays as it is, so that a file may be imported again.
// Reads `file` ("-" is the context's input) whole and refuses it where a line is wrong, before anything is sent; what
// the server refuses is told, the others go on, and the exit code is exit_failed.
int import_tenants(Context& context, ApiClient& api, const std::string& file, bool json);

}  // namespace slipway::cli
