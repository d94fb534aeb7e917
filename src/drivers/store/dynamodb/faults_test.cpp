#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "drivers/store/dynamodb/test_ledger.hpp"

// The line to DynamoDB fails at every single request, in every way; the ledger must be whole afterwards, and who asks
// again must get what he would have got.
namespace slipway::dynamodb::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Whoever is told that a call failed, but may be tried again, tries again; as the API's clients and the engine do.
template <class F>
auto insist(F&& call) {
  for (int tries = 0;; ++tries) {
    try {
      return call();
    } catch (const Error& error) {
      const bool passes = error.retryable() || error.kind() == ErrorKind::unauthorized;
      if (!passes || tries == 3) throw;
    }
  }
}

const Tenant& tenant_in(const SignUpResult& result) {
  if (const auto* created = std::get_if<Created>(&result)) return created->tenant;
  return std::get<Existing>(result).tenant;
}

// Saves a change as the engine does: on the row as it is now, until that was saved.
template <class F>
Tenant change(DynamoStore& store, const TenantId& id, int now, const std::vector<Event>& events, F&& patch) {
  return insist([&] {
    while (true) {
      auto tenant = store.claim(id, {"worker", TestLedger::at(now + 30)}, TestLedger::at(now));
      if (!tenant) throw Error(ErrorKind::internal, "the lease is another's");
      patch(*tenant);
      if (store.save(*tenant, events, Holder{"worker", true})) return *tenant;
    }
  });
}

// A customer's whole life, with all that a store is asked for. What it leaves behind is judged by the test.
void live(TestLedger& ledger) {
  DynamoStore store = ledger.open();
  int id = 0;  // each try of a sign-up makes an id of its own
  const auto sign_up = [&](const std::string& user, const std::string& slug, const std::string& key) {
    return insist([&] { return store.sign_up(TestLedger::wanted(++id, user, slug, key), TestLedger::t0); });
  };
  const TenantId ann = tenant_in(sign_up("ann", "a", "key-a")).id;
  const TenantId bob = tenant_in(sign_up("bob", "b", "")).id;
  EXPECT_EQ(tenant_in(sign_up("ann", "a", "key-a")).id, ann);
  EXPECT_TRUE(std::holds_alternative<Refused>(sign_up("eve", "a", "key-e")));

  change(store, ann, 1, {TestLedger::line("made")}, [](Tenant& t) { t.database_made = true; });
  const Port first = insist([&] { return *store.find(ann)->port; });
  insist([&] {
    const Tenant tenant = *store.find(ann);
    const auto next = store.lease_port(tenant, first, TestLedger::at(600), TestLedger::at(1));
    EXPECT_NE(next, first);
    change(store, ann, 2, {}, [&](Tenant& t) { t.port = next; });
    return 0;
  });
  insist([&] {
    store.append(ann, TestLedger::line("progress"));
    return 0;
  });
  change(store, bob, 3, {TestLedger::line("gone")}, [](Tenant& t) {
    t.status = Status::deleted;
    t.port.reset();
    t.due_at.reset();
  });
  const TenantId new_bob = tenant_in(sign_up("bob", "b", "key-b")).id;
  EXPECT_NE(new_bob, bob);
  change(store, ann, 4, {}, [](Tenant& t) { t.status = Status::active; });

  insist([&] {
    Object release = store.object("release", "r_1").value_or(Object{"release", "r_1", "shop:1"});
    while (release.version < 2) {
      if (!store.put(release)) throw Error(ErrorKind::internal, "nobody else writes it");
    }
    return 0;
  });

  EXPECT_TRUE(insist([&] { return store.find(ann); })->database_made);
  EXPECT_EQ(insist([&] { return store.find(ann); })->status, Status::active);
  EXPECT_EQ(insist([&] { return store.find_slug(Slug("b")); })->id, new_bob);
  EXPECT_THAT(insist([&] { return store.list({}); }), SizeIs(3));
  EXPECT_THAT(insist([&] { return store.ports(TestLedger::at(1)); }), SizeIs(3)) << "ann's, new bob's, and one on hold";
  EXPECT_EQ(insist([&] { return store.objects("release", "", 10); }).at(0).version, 2u);
  EXPECT_TRUE(insist([&] { return store.erase({"release", "r_1", "", 2}); }));
  EXPECT_FALSE(insist([&] { return store.object("release", "r_1"); }));
  EXPECT_EQ(insist([&] { return store.installation(); }), insist([&] { return store.installation(); }));
}

int requests_of_a_life() {
  TestLedger ledger;
  live(ledger);
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
  return ledger.sent;
}

class FaultAtEveryRequest : public testing::TestWithParam<Fault> {};

TEST_P(FaultAtEveryRequest, LeavesTheLedgerWhole) {
  const int requests = requests_of_a_life();
  ASSERT_GT(requests, 30);
  for (int failing = 0; failing < requests; ++failing) {
    TestLedger ledger;
    ledger.plan = [&](std::string_view, int number) { return number == failing ? GetParam() : Fault::none; };
    live(ledger);
    EXPECT_THAT(ledger.disagreements(), IsEmpty()) << "request " << failing << " failed";
    if (HasFailure()) return;
  }
}

// Names as gtest wants them.
std::string name_of(const testing::TestParamInfo<Fault>& info) {
  constexpr const char* names[] = {"none",     "throttled", "unavailable", "lost",
                                   "repeated", "forgotten", "conflict",    "expired"};
  return names[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(DynamoStore, FaultAtEveryRequest,
                         testing::Values(Fault::throttled, Fault::unavailable, Fault::lost, Fault::repeated,
                                         Fault::forgotten, Fault::conflict, Fault::expired),
                         name_of);

class EveryRequest : public testing::TestWithParam<Fault> {};

// The client repeats each request whose answer it has not seen: nothing may happen twice, and no repeat may look like
// somebody else's write.
TEST_P(EveryRequest, SentTwiceHappensOnce) {
  TestLedger ledger;
  ledger.plan = [](std::string_view, int) { return GetParam(); };
  DynamoStore store = ledger.open();
  const auto created = store.sign_up(TestLedger::wanted(1, "ann", "a", "key"), TestLedger::t0);
  ASSERT_TRUE(std::holds_alternative<Created>(created)) << "its own first try is no other sign-up";
  Tenant tenant = std::get<Created>(created).tenant;
  EXPECT_TRUE(std::holds_alternative<Created>(store.sign_up(TestLedger::wanted(2, "bob", "b"), TestLedger::t0)));
  EXPECT_TRUE(store.claim(tenant.id, {"w", TestLedger::at(30)}, TestLedger::t0));
  tenant.database_made = true;
  EXPECT_TRUE(store.save(tenant, {TestLedger::line("made")}, std::nullopt)) << "a false conflict";
  EXPECT_TRUE(store.save(tenant, {}, Holder{"w", true})) << "a false conflict, of a write that was no transaction";
  store.append(tenant.id, TestLedger::line("progress"));
  store.record({0, TestLedger::t0, "k_1", "POST /x", "t_x", "unix", "r_2"});
  store.add_key({KeyId("k_1"), "site", Scope::signup, "hash", TestLedger::t0, std::nullopt});
  Object release{"release", "r_1", "shop:1"};
  EXPECT_TRUE(store.put(release)) << "its own first try is nobody else's object";
  EXPECT_TRUE(store.put(release)) << "a false conflict";
  EXPECT_EQ(store.object("release", "r_1")->version, 2u);
  EXPECT_TRUE(store.erase(release));
  EXPECT_FALSE(store.object("release", "r_1"));
  EXPECT_EQ(store.find(tenant.id)->version, 3u);
  EXPECT_THAT(store.events(tenant.id, 0, 10), SizeIs(3));
  EXPECT_THAT(store.audit({"t_x", 0, 10}), SizeIs(1));
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(DynamoStore, EveryRequest, testing::Values(Fault::repeated, Fault::forgotten), name_of);

TEST(DynamoStoreFaults, ConflictsAreTriedAgainAndNotForEver) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  Tenant tenant = std::get<Created>(store.sign_up(TestLedger::wanted(1, "ann", "a"), TestLedger::t0)).tenant;
  int conflicts = 5;
  ledger.plan = [&](std::string_view operation, int) {
    const bool writes = operation == "TransactWriteItems" || operation == "UpdateItem";
    return writes && conflicts-- > 0 ? Fault::conflict : Fault::none;
  };
  EXPECT_TRUE(store.save(tenant, {TestLedger::line("x")}, std::nullopt));
  EXPECT_LE(conflicts, 0);
  conflicts = 1'000'000;
  const int before = ledger.sent;
  try {
    store.save(tenant, {TestLedger::line("y")}, std::nullopt);
    FAIL() << "it was saved";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(), testing::HasSubstr("save a tenant"));
  }
  EXPECT_LT(ledger.sent - before, 120);
  conflicts = 0;
  EXPECT_EQ(store.find(tenant.id)->version, tenant.version);
}

TEST(DynamoStoreFaults, RefusedCredentialsAreSaidAndWriteNothing) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  ledger.plan = [](std::string_view operation, int) {
    return operation == "TransactWriteItems" ? Fault::expired : Fault::none;
  };
  try {
    store.sign_up(TestLedger::wanted(1, "ann", "a"), TestLedger::t0);
    FAIL() << "it was signed up";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unauthorized);
  }
  ledger.plan = nullptr;
  EXPECT_FALSE(store.find_slug(Slug("a")));
}

}  // namespace
}  // namespace slipway::dynamodb::test
