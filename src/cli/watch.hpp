#pragma once
#include <string>

#include "cli/api_client.hpp"
#include "cli/context.hpp"

// Commands that look into a tenant. Each returns the exit code.
namespace slipway::cli {

struct EventsOptions {
  bool follow = false;  // until the tenant is deleted, or the context's stop
  std::size_t limit = 100;
  bool json = false;  // of what follows, a line for each event
};
int show_events(Context& context, ApiClient& api, const std::string& tenant, const EventsOptions& options);

struct LogsOptions {
  bool follow = false;
  std::size_t tail = 100;
  bool json = false;  // a line for each line: {"line":"…"}
};
// Word for word where the output is no terminal; made safe where it is.
int show_logs(Context& context, ApiClient& api, const std::string& tenant, const LogsOptions& options);

int show_stats(Context& context, ApiClient& api, const std::string& tenant, bool json);

}  // namespace slipway::cli
