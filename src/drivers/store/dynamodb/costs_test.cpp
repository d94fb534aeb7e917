#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "contracts/idempotency.hpp"
#include "drivers/store/dynamodb/test_ledger.hpp"

// README.md says what each call costs; this counts it. The fake charges as AWS's documentation says: 1 KB of an item
// for a write unit, twice that in a transaction, and what a changed entry of an index costs; 4 KB for a read unit, half
// of that where the read need not be consistent.
namespace slipway::dynamodb::test {
namespace {

class Costs : public testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file("src/drivers/store/dynamodb/README.md");
    std::stringstream text;
    text << file.rdbuf();
    readme_ = text.str();
    ASSERT_FALSE(readme_.empty()) << "run at the root of the tree";
  }

  // Runs `call` and compares what it cost with README's row of that name.
  void costs(const std::string& name, const std::function<void()>& call) {
    const auto before = ledger.fake.counters();
    call();
    const auto after = ledger.fake.counters();
    const std::string row = fmt::format("| {} | {} | {} | {} |", name, after.requests - before.requests,
                                        after.write_units - before.write_units, after.read_units - before.read_units);
    EXPECT_THAT(readme_, testing::HasSubstr(row)) << "README.md must say so";
  }

  TestLedger ledger;

 private:
  std::string readme_;
};

// As a request of the API gives it.
NewTenant with_owner(NewTenant wanted) {
  wanted.key = owned_key("k_1", wanted.key.value());
  return wanted;
}

TEST_F(Costs, AreAsDocumented) {
  DynamoStore store = ledger.open(Port(20'000), Port(29'999));
  store.sign_up(TestLedger::wanted(9, "first", "first"), TestLedger::t0);  // makes the first block of ports
  Tenant tenant;
  costs("sign_up, new, with a key", [&] {
    tenant =
        std::get<Created>(store.sign_up(with_owner(TestLedger::wanted(1, "ann", "a", "key")), TestLedger::t0)).tenant;
  });
  costs("sign_up, the same once more",
        [&] { store.sign_up(with_owner(TestLedger::wanted(2, "ann", "a", "key")), TestLedger::t0); });
  costs("find", [&] { store.find(tenant.id); });
  costs("find_slug", [&] { store.find_slug(Slug("a")); });
  costs("claim", [&] { store.claim(tenant.id, {"w", TestLedger::at(30)}, TestLedger::t0); });
  costs("save, with events", [&] { store.save(tenant, {TestLedger::line("x"), TestLedger::line("y")}, std::nullopt); });
  tenant.due_at = TestLedger::at(60);
  costs("save, no event, another due time", [&] { store.save(tenant, {}, Holder{"w", true}); });
  costs("due, nothing to do", [&] { store.due(TestLedger::at(-1), 256); });
  costs("next_due", [&] { store.next_due(); });
  costs("lease_port, another one",
        [&] { tenant.port = store.lease_port(tenant, tenant.port, TestLedger::at(600), TestLedger::at(1)); });
  ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
  costs("append", [&] { store.append(tenant.id, TestLedger::line("z")); });
  costs("events", [&] { store.events(tenant.id, 0, 100); });
  costs("record", [&] { store.record({0, TestLedger::t0, "k_1", "POST /x", "t_x", "unix", "r_2"}); });
  costs("find_key", [&] { store.find_key("hash"); });
  Object release{"release", "r_1", "shop:1"};
  costs("put, an object", [&] { store.put(release); });
  costs("object", [&] { store.object("release", "r_1"); });
  costs("objects", [&] { store.objects("release", "", 100); });
  costs("erase, an object", [&] { store.erase(release); });
  costs("installation, first time in a process", [&] { store.installation(); });
  tenant.status = Status::deleted;
  tenant.port.reset();
  tenant.due_at.reset();
  costs("save, the end of a deletion", [&] { store.save(tenant, {TestLedger::line("gone")}, std::nullopt); });
}

// The work of the engine for one sign-up: as many saves and claims as a provisioning has on a quiet day.
TEST_F(Costs, OfAProvisioningAreAsDocumented) {
  DynamoStore store = ledger.open(Port(0), Port(0));
  costs("a provisioning from sign-up to active", [&] {
    Tenant tenant =
        std::get<Created>(store.sign_up(with_owner(TestLedger::wanted(1, "ann", "a", "key")), TestLedger::t0)).tenant;
    for (int look = 0; look < 4; ++look) {  // created, starting, ready, mailed
      tenant = *store.claim(tenant.id, {"w", TestLedger::at(30 + look)}, TestLedger::at(look));
      ASSERT_TRUE(store.save(tenant, {TestLedger::line("step"), TestLedger::line("status")}, Holder{"w"}));
      tenant.due_at = TestLedger::at(10 * look);
      if (look == 3) {
        tenant.status = Status::active;
        tenant.due_at.reset();
      }
      ASSERT_TRUE(store.save(tenant, {}, Holder{"w", true}));
    }
  });
}

// Flat: what a call costs does not grow with the ledger.
TEST_F(Costs, DoNotGrowWithTheLedger) {
  DynamoStore store = ledger.open(Port(20'000), Port(29'999));
  auto cost_of_next = [&, n = 0]() mutable {
    const auto before = ledger.fake.counters();
    const std::string name = std::to_string(++n);
    Tenant tenant =
        std::get<Created>(store.sign_up(TestLedger::wanted(n, "u" + name, "s" + name), TestLedger::t0)).tenant;
    store.claim(tenant.id, {"w", TestLedger::at(30)}, TestLedger::t0);
    tenant.due_at.reset();
    store.save(tenant, {TestLedger::line("x")}, Holder{"w", true});
    store.due(TestLedger::t0, 256);
    const auto after = ledger.fake.counters();
    return std::pair(after.requests - before.requests, after.write_units - before.write_units);
  };
  cost_of_next();
  const auto second = cost_of_next();
  for (int n = 3; n < 20; ++n) cost_of_next();
  EXPECT_EQ(cost_of_next(), second);
}

}  // namespace
}  // namespace slipway::dynamodb::test
