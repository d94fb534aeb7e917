#include "metrics/gauges.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.hpp"
#include "os/file.hpp"
#include "os/proc.hpp"

namespace slipway::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

MetricFamily family(const char* name, const char* help) {
  MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = prometheus::MetricType::Gauge;
  return made;
}

void add(MetricFamily& family, double value, const std::string& label = {}, const std::string& label_value = {}) {
  ClientMetric metric;
  if (!label.empty()) metric.label.push_back({label, label_value});
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

MetricFamily gauge(const char* name, const char* help, double value) {
  MetricFamily made = family(name, help);
  add(made, value);
  return made;
}

double age(const std::optional<TimePoint>& since, TimePoint now) {
  return since ? std::max(0.0, std::chrono::duration<double>(now - *since).count()) : 0;
}

void add_ledger(std::vector<MetricFamily>& all, const Overview& o, TimePoint now) {
  MetricFamily tenants = family("slipway_tenants", "Tenants by status.");
  for (int i = 0; i <= static_cast<int>(Status::deleted); ++i) {
    const auto status = static_cast<Status>(i);
    const auto found = o.tenants.find(status);
    const std::size_t count = found == o.tenants.end() ? 0 : found->second;
    add(tenants, static_cast<double>(count), "status", std::string(to_string(status)));
  }
  all.push_back(std::move(tenants));

  MetricFamily ready =
      family("slipway_sign_up_to_ready_last_day_seconds", "From sign-up until the app answered, of the last 24 hours.");
  for (const auto& [name, share] : {std::pair("0.5", 0.5), std::pair("0.95", 0.95)}) {
    if (const auto within = ready_within(o, share)) {
      add(ready, std::chrono::duration<double>(*within).count(), "quantile", name);
    }
  }
  all.push_back(std::move(ready));

  all.push_back(
      gauge("slipway_due_tenants", "Tenants that are due and that nobody works on.", static_cast<double>(o.due)));
  all.push_back(
      gauge("slipway_due_oldest_seconds", "How long the oldest of them has been due.", age(o.oldest_due, now)));

  MetricFamily ports = family("slipway_ports", "Ports of the configured range by state.");
  const auto used = std::min(o.ports, o.ports_leased + o.ports_held);
  add(ports, static_cast<double>(o.ports - used), "state", "free");
  add(ports, static_cast<double>(o.ports_leased), "state", "leased");
  add(ports, static_cast<double>(o.ports_held), "state", "held");
  all.push_back(std::move(ports));

  all.push_back(gauge("slipway_mail_owed_tenants", "Tenants with a mail that was tried and has not gone out yet.",
                      static_cast<double>(o.mail_owed)));
  all.push_back(gauge("slipway_mail_owed_oldest_seconds", "Since the first try of the oldest of these mails.",
                      age(o.mail_owed_since, now)));
}

std::string read_proc(const char* path) {
  std::ifstream in(path);
  return os::rest_of(in);
}

// Linux tells the start of a process in clock ticks since the machine's start.
double start_time_seconds() {
  const std::string machine = read_proc("/proc/stat");
  const auto boot = machine.find("btime ");
  const std::uint64_t start = os::start_of(getpid());
  if (boot == std::string::npos || start == 0) return 0;
  return std::stod(machine.substr(boot + 6)) + static_cast<double>(start) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void add_process(std::vector<MetricFamily>& all) {
  const auto pages = split(read_proc("/proc/self/statm"), ' ');
  const double resident = pages.size() > 1 ? std::stod(pages[1]) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
  all.push_back(gauge("process_resident_memory_bytes", "Memory of Slipway itself.", resident));
  static const double started = start_time_seconds();
  all.push_back(gauge("process_start_time_seconds", "When Slipway was started, in seconds since 1970.", started));
  std::error_code error;
  const auto files = std::filesystem::directory_iterator("/proc/self/fd", error);
  if (!error) {
    all.push_back(gauge("process_open_fds", "Open files and connections of Slipway.",
                        static_cast<double>(std::distance(begin(files), end(files)))));
  }
}

}  // namespace

std::vector<MetricFamily> gauges(const std::string& version, const std::optional<Overview>& ledger, TimePoint now) {
  std::vector<MetricFamily> all;
  MetricFamily build = family("slipway_build_info", "Always 1; the label has the version.");
  add(build, 1, "version", version);
  all.push_back(std::move(build));
  all.push_back(gauge("slipway_ledger_readable", "1 where the ledger could be read for this scrape.", ledger ? 1 : 0));
  if (ledger) add_ledger(all, *ledger, now);
  add_process(all);
  return all;
}

}  // namespace slipway::metrics
