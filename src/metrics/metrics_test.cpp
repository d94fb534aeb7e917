#include "metrics/metrics.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "metrics/measured.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/memory_store.hpp"

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::Not;

struct World {
  test::ManualClock clock;
  test::MemoryStore store{Port(20'000), Port(20'009)};
  Metrics metrics{"1.2.3", clock};
  MeasuredStore measured{store, metrics};

  Tenant sign_up(int n) {
    NewTenant w;
    const std::string digits = std::to_string(100 + n);
    w.tenant.id = TenantId("t_00000000000000000" + digits);
    w.tenant.sign_up.user_id = UserId("u" + digits);
    w.tenant.sign_up.slug = Slug("s" + digits);
    w.tenant.created_at = w.tenant.updated_at = clock.now();
    w.tenant.due_at = clock.now();
    return std::get<Created>(measured.sign_up(w, clock.now())).tenant;
  }
};

TEST(Metrics, CountersAreThereBeforeTheFirstEvent) {
  World w;
  const std::string text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, HasSubstr("slipway_provisionings_total{outcome=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("slipway_step_errors_total{step=\"create_instance\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("slipway_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_ports{state=\"free\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("slipway_ledger_readable 1\n"));
}

TEST(Metrics, CountWhatTheyAreTold) {
  World w;
  w.metrics.provisioned(Observer::Provisioned::ready, Millis(1'500));
  w.metrics.provisioned(Observer::Provisioned::failed, Millis(900));
  w.metrics.mailed(Observer::Mailed::given_up);
  w.metrics.step_done(Step::probe, Millis(40));
  w.metrics.step_retried(Step::probe);
  w.metrics.answered("GET", "/v1/tenants/{id}", 404, Millis(2));
  const std::string text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, HasSubstr("slipway_provisionings_total{outcome=\"ready\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_provisionings_total{outcome=\"failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_mails_total{outcome=\"given_up\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_mails_total{outcome=\"sent\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("slipway_sign_up_to_ready_seconds_sum 1.5\n"));
  EXPECT_THAT(text, HasSubstr("slipway_sign_up_to_ready_seconds_count 1\n")) << "only what got ready";
  EXPECT_THAT(text, HasSubstr("slipway_step_duration_seconds_count{step=\"probe\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_step_retries_total{step=\"probe\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("slipway_http_requests_total{method=\"GET\",route=\"/v1/tenants/{id}\",status=\"404\"} 1\n"));
}

TEST(Metrics, ShowTheLedgerAsOfNow) {
  World w;
  Tenant slow = w.sign_up(1);
  Tenant quick = w.sign_up(2);
  w.sign_up(3);
  slow.status = quick.status = Status::active;
  slow.first_ready_at = w.clock.now() + Millis(20'000);
  quick.first_ready_at = w.clock.now() + Millis(3'000);
  slow.due_at = quick.due_at = std::nullopt;
  Mail mail;
  mail.attempts = 1;
  mail.first_at = w.clock.now() + Millis(20'000);
  slow.mails.push_back(mail);
  w.store.save(slow, {}, std::nullopt);
  w.store.save(quick, {}, std::nullopt);
  w.clock.advance(Millis(30'000));
  std::string text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, HasSubstr("slipway_tenants{status=\"active\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("slipway_tenants{status=\"provisioning\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_tenants{status=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("slipway_due_tenants 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_due_oldest_seconds 30\n"));
  EXPECT_THAT(text, HasSubstr("slipway_sign_up_to_ready_last_day_seconds{quantile=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("slipway_sign_up_to_ready_last_day_seconds{quantile=\"0.95\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("slipway_ports{state=\"leased\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("slipway_mail_owed_tenants 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_mail_owed_oldest_seconds 10\n"));
  w.clock.advance(ready_window);
  text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, Not(HasSubstr("last_day_seconds{"))) << "nobody got ready within the last day";
}

TEST(Metrics, NeverBearATenantsName) {
  World w;
  const Tenant tenant = w.sign_up(1);
  w.measured.find(tenant.id);
  const std::string text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, HasSubstr("operation=\"find\""));
  EXPECT_THAT(text, Not(HasSubstr(tenant.id.value())));
  EXPECT_THAT(text, Not(HasSubstr(tenant.sign_up.slug.value())));
}

// A ledger on a disk that does not answer.
struct TornStore : test::MemoryStore {
  using MemoryStore::MemoryStore;
  Overview overview(TimePoint, TimePoint) override { throw Error(ErrorKind::unavailable, "ledger: disk I/O error"); }
};

TEST(Metrics, AreShownAlsoWhereTheLedgerCannotBeRead) {
  test::ManualClock clock;
  TornStore torn(Port(1), Port(2));
  Metrics metrics("1", clock);
  MeasuredStore measured(torn, metrics);
  const std::string text = metrics.scrape(measured);
  EXPECT_THAT(text, HasSubstr("slipway_ledger_readable 0\n"));
  EXPECT_THAT(text, HasSubstr("slipway_driver_errors_total{driver=\"store\",operation=\"overview\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("slipway_tenants")));
}

TEST(Measured, TellsOfCallsThatReturnAndThatThrow) {
  World w;
  w.measured.find(TenantId("t_00000000000000000001"));
  for (int n = 0; n < 10; ++n) w.sign_up(n);
  EXPECT_THROW(w.sign_up(10), Error) << "there are ten ports";
  const std::string text = w.metrics.scrape(w.measured);
  EXPECT_THAT(text, HasSubstr("duration_seconds_count{driver=\"store\",operation=\"find\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("errors_total{driver=\"store\",operation=\"find\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("duration_seconds_count{driver=\"store\",operation=\"sign_up\"} 11\n"));
  EXPECT_THAT(text, HasSubstr("errors_total{driver=\"store\",operation=\"sign_up\"} 1\n"));
}

// The names in the first column of the tables of docs/operating/metrics.md.
std::set<std::string> documented() {
  std::ifstream in("docs/operating/metrics.md");
  EXPECT_TRUE(in.is_open());
  std::set<std::string> names;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| `")) names.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return names;
}

TEST(MetricsPage, HasEveryMetricAndNoOther) {
  World w;
  w.metrics.answered("GET", "/metrics", 200, Millis(1));
  std::set<std::string> shown;
  for (const std::string& line : split(w.metrics.scrape(w.measured), '\n')) {
    if (line.starts_with("# TYPE ")) shown.insert(split(line, ' ').at(2));
  }
  EXPECT_GE(shown.size(), 20u);
  EXPECT_EQ(documented(), shown);
}

}  // namespace
}  // namespace slipway
