#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/quoting.hpp"
#include "engine/settings.hpp"
#include "engine/specs.hpp"
#include "engine/watch.hpp"
#include "engine/world.hpp"

namespace slipway {

// What a step did, as a change to the row. The row may have been written by someone else meanwhile (a request to
// suspend it), so the change is a function that is applied to the newest one.
struct StepResult {
  std::function<void(Tenant&)> patch;  // empty: nothing changed
  std::vector<Event> events;
  std::optional<Millis> ask_again;  // not there yet: when to try once more
  // The patch holds only for the row on which the step was decided: after any other write everything is decided anew.
  bool if_unchanged = false;
};

// How each step is done. Every one of them may be repeated and finds what an earlier try left behind.
class Steps {
 public:
  // `boots` may be null.
  Steps(const World& world, const Settings& settings, Specs& specs, Watch& watch, BootAdmission* boots)
      : world_(world),
        settings_(settings),
        specs_(specs),
        watch_(watch),
        boots_(boots),
        quoting_(settings, world.database) {}

  using Seen = std::optional<Instance>;  // what the runtime has of the tenant; nothing: no instance

  // Errors of the drivers pass through. `inspect` is the reconciler's own.
  StepResult perform(Step step, const Tenant& tenant, const Seen& instance) const;

 private:
  StepResult lease_port(const Tenant& tenant, const Seen&) const;
  StepResult create_database(const Tenant& tenant, const Seen&) const;
  StepResult create_instance(const Tenant& tenant, const Seen&) const;
  StepResult set_limits(const Tenant& tenant, const Seen&) const;
  StepResult start_instance(const Tenant& tenant, const Seen&) const;
  StepResult record_exit(const Tenant& tenant, const Seen& instance) const;
  StepResult address(const Tenant& tenant, const Seen& instance) const;
  StepResult probe(const Tenant& tenant, const Seen&) const;
  StepResult send_mail(const Tenant& tenant, const Seen&) const;
  StepResult stop_instance(const Tenant& tenant, const Seen&) const;
  StepResult close_database(const Tenant& tenant, const Seen&) const;
  StepResult remove_instance(const Tenant& tenant, const Seen&) const;
  StepResult drop_database(const Tenant& tenant, const Seen&) const;
  StepResult finish(const Tenant&, const Seen&) const;

  // Beside each row of step_table, what performs it.
  struct Row {
    Step step;
    StepResult (Steps::*perform)(const Tenant&, const Seen&) const;
  };
  static constexpr std::array rows = {
      Row{Step::inspect, nullptr},
      Row{Step::lease_port, &Steps::lease_port},
      Row{Step::create_database, &Steps::create_database},
      Row{Step::create_instance, &Steps::create_instance},
      Row{Step::set_limits, &Steps::set_limits},
      Row{Step::start_instance, &Steps::start_instance},
      Row{Step::record_exit, &Steps::record_exit},
      Row{Step::address, &Steps::address},
      Row{Step::probe, &Steps::probe},
      Row{Step::send_mail, &Steps::send_mail},
      Row{Step::stop_instance, &Steps::stop_instance},
      Row{Step::close_database, &Steps::close_database},
      Row{Step::remove_instance, &Steps::remove_instance},
      Row{Step::drop_database, &Steps::drop_database},
      Row{Step::finish, &Steps::finish},
  };

  StepResult keep_what_it_had(const Error& why) const;
  StartResult start_what_is_there(const Tenant& tenant) const;
  StepResult move_port(const Tenant& tenant) const;
  StepResult wait_for_room(const Tenant& tenant, const std::string& reason) const;
  bool is_overdue(const Tenant& tenant, Millis age) const;
  StepResult boot_overdue(const Tenant& tenant, const std::string& detail, Millis age) const;
  StepResult boot_failed(const Tenant& tenant, Step step, const std::string& reason) const;
  std::string send_or_find_sent(const Message& message, const std::string& key) const;
  std::string url(const Tenant& tenant) const;
  ProbeTarget published_at(const Tenant& tenant) const;
  std::string last_words(const Tenant& tenant) const;
  Event event(Step step, std::string message, std::optional<TimePoint> since = {}) const;

  World world_;
  const Settings& settings_;
  Specs& specs_;
  Watch& watch_;
  BootAdmission* boots_;
  Quoting quoting_;
};

// Between two looks at a database that is being closed or dropped elsewhere.
constexpr Millis database_poll{3'000};

}  // namespace slipway
