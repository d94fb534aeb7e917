#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "contracts/observer.hpp"
#include "contracts/store.hpp"

namespace slipway {

// Counts and measures what it is told, and writes it down for Prometheus. docs/operating/metrics.md has every metric.
// No label ever names a tenant: the number of series is bounded by the code. Thread-safe.
class Metrics : public Observer {
 public:
  Metrics(std::string_view version, const Clock& clock);
  ~Metrics() override;

  void provisioned(Provisioned outcome, Millis since_sign_up) override;
  void mailed(Mailed outcome) override;
  void step_done(Step step, Millis took) override;
  void step_failed(Step step) override;
  void step_retried(Step step) override;
  void driver_called(std::string_view driver, std::string_view operation, bool returned,
                     std::chrono::nanoseconds took) override;
  void answered(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took) override;

  // Everything in Prometheus' text format 0.0.4, with the ledger's numbers as of now. Where the ledger cannot be read
  // they are left out, and slipway_ledger_readable is 0. Does not throw.
  std::string scrape(Store& ledger);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The window of "the last day" figures.
constexpr Millis ready_window = std::chrono::hours(24);

}  // namespace slipway
