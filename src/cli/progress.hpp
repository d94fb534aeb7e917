#pragma once
#include <boost/json.hpp>
#include <functional>
#include <string>

#include "cli/api_client.hpp"
#include "cli/context.hpp"

namespace slipway::cli {

// Shows a timeline while it grows: a line for each event, and on a terminal a last line that says what is going on and
// for how long. Shows nothing when it is `quiet`.
class ProgressView {
 public:
  ProgressView(Context& context, bool quiet);
  void show(const boost::json::object& event);
  void tick();   // brings the last line up to date
  void clear();  // takes the last line away

 private:
  Context& context_;
  const bool quiet_;
  const TimePoint began_;
  std::string doing_;
};

struct Waited {
  boost::json::object tenant;
  bool done = false;  // false: the time was up
};

// Follows a tenant's timeline, from what comes after the event `after`, until `done` says so of the tenant, or
// `timeout` has passed.
Waited wait_for(Context& context, ApiClient& api, const TenantId& id, std::uint64_t after, Millis timeout,
                ProgressView& view, const std::function<bool(const boost::json::object& tenant)>& done);

}  // namespace slipway::cli
