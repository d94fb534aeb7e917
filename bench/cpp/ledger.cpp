// slipway_bench_ledger FILE COUNT FIRST_PORT LAST_PORT: brings a ledger to COUNT tenants that are suspended and hold no
// port, so that nothing has to run for them. They are written as Slipway writes them, by the store's own calls.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "drivers/store/sqlite/sqlite_store.hpp"

namespace slipway {
namespace {

constexpr int writers = 64;  // they share commits, so the disk is asked some thousand times instead of 200,000

NewTenant sign_up_of(int number, TimePoint now, Random& random) {
  NewTenant wanted;
  Tenant& tenant = wanted.tenant;
  tenant.id = TenantId(new_id("t_", now, random));
  tenant.sign_up.user_id = UserId(fmt::format("ledger-user-{}", number));
  tenant.sign_up.slug = Slug(fmt::format("ledger-{}", number));
  tenant.sign_up.admin_email = EmailAddress(fmt::format("admin@company-{}.example", number));
  tenant.sign_up.company_name = CompanyName(fmt::format("Company Number {} Limited", number));
  tenant.sign_up.plan = PlanName("default");
  tenant.image = "automation-app:1";
  tenant.created_at = tenant.updated_at = now;
  wanted.key = IdempotencyKey(fmt::format("ledger-key-{}", number));
  wanted.body_hash = std::string(64, 'f');
  wanted.event = {0, now, "signed_up", "", "sign-up accepted", std::nullopt};
  return wanted;
}

// What a tenant's row says after it was provisioned, mailed and suspended, but for the port.
void settle(Tenant& tenant, TimePoint now) {
  tenant.desired = Desired::suspended;
  tenant.status = Status::suspended;
  tenant.database_made = tenant.proven = true;
  tenant.instance_id = std::string(64, 'c');
  tenant.boot_at = tenant.first_ready_at = now;
  tenant.port.reset();
  tenant.due_at.reset();
  Mail mail;
  mail.purpose = "welcome";
  mail.key = tenant.id.value() + "/welcome/1";
  mail.state = MailState::sent;
  mail.attempts = 1;
  mail.first_at = now;
  mail.sent_at = now;
  tenant.mails.push_back(mail);
}

void make_one(Store& store, int number, Random& random) {
  const TimePoint now = SystemClock().now();
  auto made = store.sign_up(sign_up_of(number, now, random), now);
  auto* created = std::get_if<Created>(&made);
  if (created == nullptr) return;  // an earlier run made it
  settle(created->tenant, now);
  const Event active{0, now, "status", "", "active", std::nullopt};
  const Event suspended{0, now, "status", "", "suspended", std::nullopt};
  store.save(created->tenant, {active, suspended}, std::nullopt);
}

int fill(const std::string& file, int count, Port first, Port last) {
  sqlite::Options options;
  options.first_port = first;
  options.last_port = last;
  sqlite::SqliteStore store(file, options);
  std::atomic<int> next = 0;
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&] {
        try {
          SystemRandom random;
          for (int number = next++; number < count && !failed; number = next++) make_one(store, number, random);
        } catch (const Error& error) {
          fmt::print(stderr, "{}\n", error.what());
          failed = true;
        }
      });
    }
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  using namespace slipway;
  if (argc != 5) {
    fmt::print(stderr, "usage: {} FILE COUNT FIRST_PORT LAST_PORT\n", argv[0]);
    return 2;
  }
  const auto port = [](const char* text) { return Port(static_cast<std::uint16_t>(std::atoi(text))); };
  try {
    return fill(argv[1], std::atoi(argv[2]), port(argv[3]), port(argv[4]));
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
