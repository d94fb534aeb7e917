#include "metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <mutex>
#include <tuple>

#include "base/error.hpp"
#include "metrics/gauges.hpp"

namespace slipway {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// Upper bounds in seconds. A call is quick or an outage; a step may pull an image; a sign-up is a customer waiting.
const Buckets call_buckets{0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 5, 30};
const Buckets step_buckets{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300};
const Buckets ready_buckets{0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 900};

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string label(Step step) { return std::string(to_string(step)); }

Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

// Series that were looked up before. prometheus-cpp finds one by building and hashing its labels, which costs more than
// to count; it keeps every series for as long as the registry lives.
template <class Key, class Series>
class Known {
 public:
  // `make` is called once for each key.
  template <class LookUp, class Make>
  Series of(const LookUp& key, Make make) {
    const std::lock_guard lock(mutex_);
    const auto found = series_.find(key);
    if (found != series_.end()) return found->second;
    return series_.emplace(Key(key), make()).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Series, std::less<>> series_;
};

struct CallSeries {
  Histogram* duration;
  Counter* errors;
};

struct RequestSeries {
  Histogram* duration;
  Counter* count;
};

}  // namespace

struct Metrics::Impl {
  const Clock& clock;
  const std::string version;
  prometheus::Registry registry;

  Family<Counter>& provisionings =
      counters(registry, "slipway_provisionings_total", "Sign-ups that came to an end, by outcome.");
  Histogram& to_ready =
      histograms(registry, "slipway_sign_up_to_ready_seconds", "From a sign-up until its app answered.")
          .Add({}, ready_buckets);
  Family<Counter>& mails = counters(registry, "slipway_mails_total", "Mails that came to an end, by outcome.");
  Family<Histogram>& step_duration =
      histograms(registry, "slipway_step_duration_seconds", "Steps that were done, by step.");
  Family<Counter>& step_errors = counters(registry, "slipway_step_errors_total", "Tries of a step that failed.");
  Family<Counter>& step_retries = counters(registry, "slipway_step_retries_total", "Tries of a step after a failure.");
  Family<Histogram>& call_duration =
      histograms(registry, "slipway_driver_call_duration_seconds", "Calls to drivers, by operation.");
  Family<Counter>& call_errors = counters(registry, "slipway_driver_errors_total", "Calls to drivers that failed.");
  Family<Counter>& requests = counters(registry, "slipway_http_requests_total", "HTTP requests that were answered.");
  Family<Histogram>& request_duration =
      histograms(registry, "slipway_http_request_duration_seconds", "HTTP requests, until their answer was ready.");

  Known<std::tuple<std::string, std::string>, CallSeries> calls;                // driver, operation
  Known<std::tuple<std::string, std::string, int>, RequestSeries> answered_to;  // method, route, status

  Impl(std::string_view build, const Clock& c) : clock(c), version(build) {
    // A series must be there before its first event, or Prometheus misses that one.
    for (const char* outcome : {"ready", "failed"}) provisionings.Add({{"outcome", outcome}});
    for (const char* outcome : {"sent", "given_up"}) mails.Add({{"outcome", outcome}});
    for (const StepRow& row : step_table) {
      if (row.timed) step_duration.Add({{"step", label(row.step)}}, step_buckets);
      step_errors.Add({{"step", label(row.step)}});
      step_retries.Add({{"step", label(row.step)}});
    }
  }
};

Metrics::Metrics(std::string_view version, const Clock& clock) : impl_(std::make_unique<Impl>(version, clock)) {}
Metrics::~Metrics() = default;

void Metrics::provisioned(Provisioned outcome, Millis since_sign_up) {
  const bool ready = outcome == Provisioned::ready;
  impl_->provisionings.Add({{"outcome", ready ? "ready" : "failed"}}).Increment();
  if (ready) impl_->to_ready.Observe(seconds(since_sign_up));
}

void Metrics::mailed(Mailed outcome) {
  impl_->mails.Add({{"outcome", outcome == Mailed::sent ? "sent" : "given_up"}}).Increment();
}

void Metrics::step_done(Step step, Millis took) {
  impl_->step_duration.Add({{"step", label(step)}}, step_buckets).Observe(seconds(took));
}

void Metrics::step_failed(Step step) { impl_->step_errors.Add({{"step", label(step)}}).Increment(); }

void Metrics::step_retried(Step step) { impl_->step_retries.Add({{"step", label(step)}}).Increment(); }

void Metrics::driver_called(std::string_view driver, std::string_view operation, bool returned,
                            std::chrono::nanoseconds took) {
  const CallSeries series = impl_->calls.of(std::tuple(driver, operation), [&] {
    const prometheus::Labels labels{{"driver", std::string(driver)}, {"operation", std::string(operation)}};
    return CallSeries{&impl_->call_duration.Add(labels, call_buckets), &impl_->call_errors.Add(labels)};
  });
  series.duration->Observe(seconds(took));
  if (!returned) series.errors->Increment();
}

void Metrics::answered(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took) {
  const RequestSeries series = impl_->answered_to.of(std::tuple(method, route, status), [&] {
    prometheus::Labels labels{{"method", std::string(method)}, {"route", std::string(route)}};
    Histogram& duration = impl_->request_duration.Add(labels, call_buckets);
    labels["status"] = std::to_string(status);
    return RequestSeries{&duration, &impl_->requests.Add(labels)};
  });
  series.duration->Observe(seconds(took));
  series.count->Increment();
}

std::string Metrics::scrape(Store& ledger) {
  const TimePoint now = impl_->clock.now();
  std::optional<Overview> overview;
  try {
    overview = ledger.overview(now, now - ready_window);
  } catch (const Error&) {
    overview.reset();  // slipway_ledger_readable says so
  }
  auto families = impl_->registry.Collect();
  for (auto& family : metrics::gauges(impl_->version, overview, now)) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace slipway
