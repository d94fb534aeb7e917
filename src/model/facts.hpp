#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/reason.hpp"

namespace slipway {

// What has been done for a tenant. The engine writes it; a request only makes parts of it void. So while it is the same
// on two versions of a row, nobody but requests has written in between, and what a step found out is still true.
struct Facts {
  std::optional<Port> port;
  std::optional<Port> refused_port;  // that turned out to be a stranger's; put on hold when the next one is leased
  std::string host;  // public address of the machine where the instance is published; empty: the configured one
  std::string url;   // as it was told to the customer, once it was proven; empty: not yet
  bool database_made = false;    // since the last start: role and database are as they shall be, and open
  bool database_closed = false;  // since the last suspension was asked for
  std::string instance_id;       // of the container that was made last; empty: none
  std::string release;           // what it runs; empty: what slipway.yaml says when its instance is made next
  bool upgrade = false;          // its next instance is to be of what slipway.yaml says then, in place of `release`
  std::string fingerprint;       // of what the instance was made from; empty: not known
  bool outdated = false;         // another one would be made from something else now
  std::optional<Plan> given;     // the plan as it was last given: what holds once slipway.yaml has it no more
  bool started = false;          // we started it and it should be running
  bool proven = false;           // this boot has answered through the URL
  std::uint32_t boots = 0;  // starts that were written down: names the next one, so that a repeat is told from another
  std::uint32_t restart_done = 0;
  std::optional<TimePoint> boot_at;         // start of the present boot
  std::optional<TimePoint> first_ready_at;  // first proof ever; from then on nothing is given up or taken back
  std::string failure;                      // why the provisioning was given up; empty: it was not
  ReasonCode failure_code = ReasonCode::internal;
  bool instance_removed = false;  // of a deletion or a failed provisioning
  bool database_dropped = false;

  bool operator==(const Facts&) const = default;

  void instance_ended() { started = proven = false; }

  // A port that a runtime chose is another tenant's as soon as this instance has ended.
  void forget_address() {
    port.reset();
    host.clear();
    url.clear();
  }

  // Everything was taken back: what is done next is done for the first time. Only the counters go on.
  void begin_anew() {
    Facts fresh;
    fresh.boots = boots;
    fresh.restart_done = restart_done;
    *this = std::move(fresh);
  }
};

}  // namespace slipway
