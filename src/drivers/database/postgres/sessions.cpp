#include "drivers/database/postgres/sessions.hpp"

#include <fmt/format.h>

#include <thread>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

constexpr Millis sessions_end_within{10'000};
constexpr Millis between_looks{50};
constexpr int empty_looks = 2;  // whoever was let in just before is shown a moment later

constexpr std::string_view terminate_sql =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = {}";

}  // namespace

void end_sessions(Connection& connection, const std::string& role, Deadline deadline) {
  const Deadline by = std::min(deadline, std::chrono::steady_clock::now() + sessions_end_within);
  const std::string sql = fmt::format(terminate_sql, connection.literal(role));
  for (int empty = 0; empty < empty_looks;) {
    const std::string left = connection.run(sql, deadline).at(0).at(0);
    empty = left == "0" ? empty + 1 : 0;
    if (empty == empty_looks) return;
    if (std::chrono::steady_clock::now() >= by) {
      throw Error(ErrorKind::unavailable, fmt::format("{} sessions of role {} do not end", left, role));
    }
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace slipway::postgres
