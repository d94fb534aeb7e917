#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace slipway {

// What reconcile can do for a tenant; each is idempotent. `inspect` comes before all decisions.
enum class Step {
  inspect,
  lease_port,
  create_database,
  create_instance,
  set_limits,
  start_instance,
  record_exit,
  address,
  probe,
  send_mail,
  stop_instance,
  close_database,
  remove_instance,
  drop_database,
  finish
};

// Which workers may do it, by how long it can take: a look or a line in the ledger; a call to an engine or a database;
// a download or a provider's answer. Workers of a lane do the work of the ones before it too.
enum class Lane { quick, engine, bulk };
constexpr std::size_t lane_count = 3;

struct StepRow {
  Step step;
  std::string_view name;   // in rows, timelines and metrics
  std::string_view words;  // in errors: "create instance: …"
  Lane lane;
  bool timed;  // how long it takes is measured
};

// All steps, in the order of the enum. What performs each: src/engine/steps.hpp.
constexpr std::array step_table = {
    StepRow{Step::inspect, "inspect", "look at the instance", Lane::quick, false},
    StepRow{Step::lease_port, "lease_port", "lease a port", Lane::quick, false},
    StepRow{Step::create_database, "create_database", "create database", Lane::engine, true},
    StepRow{Step::create_instance, "create_instance", "create instance", Lane::engine, true},
    StepRow{Step::set_limits, "set_limits", "set limits", Lane::engine, true},
    StepRow{Step::start_instance, "start_instance", "start instance", Lane::engine, true},
    StepRow{Step::record_exit, "record_exit", "record exit", Lane::quick, false},
    StepRow{Step::address, "address", "find the address", Lane::quick, false},
    StepRow{Step::probe, "probe", "wait for the app", Lane::quick, true},
    StepRow{Step::send_mail, "send_mail", "send mail", Lane::bulk, true},
    StepRow{Step::stop_instance, "stop_instance", "stop instance", Lane::engine, true},
    StepRow{Step::close_database, "close_database", "close database", Lane::engine, true},
    StepRow{Step::remove_instance, "remove_instance", "remove instance", Lane::engine, true},
    StepRow{Step::drop_database, "drop_database", "drop database", Lane::engine, true},
    StepRow{Step::finish, "finish", "finish", Lane::quick, false},
};

constexpr const StepRow& row_of(Step step) { return step_table.at(static_cast<std::size_t>(step)); }
constexpr std::string_view to_string(Step step) { return row_of(step).name; }
std::optional<Step> parse_step(std::string_view text);

}  // namespace slipway
