#pragma once
#include "tests/contract/store_contract_fixture.hpp"

// The promises of claim, save, due and the timeline.
namespace slipway::test {

TEST_P(StoreContract, ALeaseKeepsOthersAwayUntilItRunsOut) {
  create(1);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, at(0)));
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(60)}, at(29)));
  EXPECT_TRUE(store->claim(id_of(1), {"two", at(60)}, at(30)));
  EXPECT_FALSE(store->claim(id_of(1), {"one", at(90)}, at(31)));
}

TEST_P(StoreContract, AnOwnerRenewsItsLease) {
  create(1);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, at(0)));
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(100)}, at(20)));
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(200)}, at(99)));
  EXPECT_TRUE(store->claim(id_of(1), {"two", at(200)}, at(100)));
}

TEST_P(StoreContract, ARenewalTakesNoLeaseThatWasLost) {
  Tenant tenant = create(1);
  EXPECT_FALSE(store->claim(id_of(1), {"one", at(30), true}, at(0))) << "it never had one";
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, at(0)));
  EXPECT_TRUE(store->claim(id_of(1), {"one", at(60), true}, at(40))) << "run out, but nobody has taken it";
  ASSERT_TRUE(store->claim(id_of(1), {"two", at(90)}, at(60)));
  EXPECT_FALSE(store->claim(id_of(1), {"one", at(120), true}, at(100))) << "run out, but another one's";
  ASSERT_TRUE(store->save(tenant, {}, Holder{"two", true}));
  EXPECT_FALSE(store->claim(id_of(1), {"one", at(120), true}, at(100))) << "given back by another";
  EXPECT_TRUE(store->claim(id_of(1), {"three", at(120)}, at(100)));
}

TEST_P(StoreContract, RacingClaimsGiveOneOwner) {
  create(1);
  std::atomic<int> claimed = 0;
  at_once(16, [&](int i) { claimed += store->claim(id_of(1), {"w" + std::to_string(i), at(30)}, t0) ? 1 : 0; });
  EXPECT_EQ(claimed, 1);
}

TEST_P(StoreContract, AClaimGivesTheRowAsItIs) {
  Tenant tenant = create(1);
  tenant.status = Status::active;
  tenant.due_at = at(7);
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  const auto claimed = store->claim(id_of(1), {"one", at(30)}, t0);
  ASSERT_TRUE(claimed);
  EXPECT_EQ(whole(*claimed), whole(tenant));
}

TEST_P(StoreContract, ASaveEndsTheLeaseWhereItsHolderSaysSo) {
  Tenant tenant = create(1);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, t0));
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(60)}, at(1))) << "a request has ended the lease";
  ASSERT_TRUE(store->save(tenant, {}, Holder{"one"}));
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(60)}, at(1))) << "a save in between has ended the lease";
  ASSERT_TRUE(store->save(tenant, {}, Holder{"one", true}));
  EXPECT_TRUE(store->claim(id_of(1), {"two", at(60)}, at(1)));
}

TEST_P(StoreContract, ALeaseIsGivenBackByItsOwnerOnlyAndNothingElseIsWritten) {
  const Tenant tenant = create(1);
  store->release(id_of(1), "nobody");
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, t0));
  store->release(id_of(1), "two");
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(60)}, at(1))) << "it was another's";
  store->release(id_of(1), "one");
  store->release(id_of(2), "one");
  const auto claimed = store->claim(id_of(1), {"two", at(60)}, at(1));
  ASSERT_TRUE(claimed);
  EXPECT_EQ(whole(*claimed), whole(tenant));
}

TEST_P(StoreContract, AWorkerWritesOnlyWhatIsLeasedToIt) {
  Tenant tenant = create(1);
  const std::string before = whole(tenant);
  tenant.reason = "late";
  const std::vector<Event> late{{0, t0, "step", "", "late", std::nullopt}};
  const auto writes_nothing = [&](const std::string& why) {
    for (const bool releases : {false, true}) {
      EXPECT_FALSE(store->save(tenant, late, Holder{"one", releases})) << why;
      EXPECT_EQ(whole(*store->find(id_of(1))), before) << why;
      EXPECT_EQ(store->events(id_of(1), 0, 10).size(), 1u) << why;
    }
  };
  writes_nothing("nobody has claimed the row");
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, t0));
  ASSERT_TRUE(store->claim(id_of(1), {"two", at(60)}, at(30)));
  writes_nothing("another has claimed it since");
  EXPECT_FALSE(store->claim(id_of(1), {"three", at(90)}, at(59))) << "a refused save has ended the lease";
  store->break_leases();
  writes_nothing("its lease was broken");
}

TEST_P(StoreContract, ALeaseThatRanOutAndThatNobodyTookIsStillItsHolders) {
  Tenant tenant = create(1);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, t0));
  EXPECT_THAT(store->due(at(90), 10), ElementsAre(id_of(1)));
  EXPECT_TRUE(store->save(tenant, {}, Holder{"one", true}));
}

TEST_P(StoreContract, SaveIsCompareAndSet) {
  Tenant mine = create(1);
  Tenant theirs = *store->find(id_of(1));
  const std::uint64_t before = mine.version;
  mine.reason = "mine";
  ASSERT_TRUE(store->save(mine, {}, std::nullopt));
  EXPECT_NE(mine.version, before);
  EXPECT_EQ(store->find(id_of(1))->version, mine.version);

  ASSERT_TRUE(store->claim(id_of(1), {"one", at(30)}, t0));
  const std::uint64_t stale = theirs.version;
  theirs.reason = "theirs";
  theirs.port.reset();
  EXPECT_FALSE(store->save(theirs, {{0, t0, "status", "", "lost", std::nullopt}}, Holder{"one", true}));
  EXPECT_EQ(theirs.version, stale);
  EXPECT_EQ(whole(*store->find(id_of(1))), whole(mine));
  EXPECT_EQ(store->events(id_of(1), 0, 10).size(), 1u);
  EXPECT_EQ(port_of(id_of(1)), *mine.port);
  EXPECT_FALSE(store->claim(id_of(1), {"two", at(30)}, t0)) << "a refused save has ended the lease";

  ASSERT_TRUE(store->save(mine, {}, std::nullopt)) << "the new version must do for the next save";
}

TEST_P(StoreContract, SaveOfAnUnknownTenantWritesNothing) {
  Tenant ghost = wanted(1, "ann", "acme").tenant;
  EXPECT_FALSE(store->save(ghost, {}, std::nullopt));
  EXPECT_FALSE(store->find(id_of(1)));
}

TEST_P(StoreContract, ADeletedTenantCannotTakeItsSubdomainBackFromAnother) {
  Tenant first = destroy(create(1));
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(wanted(2, "u2", "s1"), t0)));
  Tenant risen = first;
  risen.status = Status::active;
  EXPECT_EQ(error_of([&] { store->save(risen, {}, std::nullopt); }), ErrorKind::conflict);
  EXPECT_EQ(whole(*store->find(id_of(1))), whole(first));
  EXPECT_EQ(store->find_slug(Slug("s1"))->id, id_of(2));
}

TEST_P(StoreContract, RacingSavesOfOneVersionLetOneThrough) {
  const Tenant read = create(1);
  std::atomic<int> saved = 0;
  at_once(16, [&](int i) {
    Tenant mine = read;
    mine.reason = std::to_string(i);
    saved += store->save(mine, {{0, t0, "status", "", std::to_string(i), std::nullopt}}, std::nullopt) ? 1 : 0;
  });
  EXPECT_EQ(saved, 1);
  const auto events = store->events(id_of(1), 0, 100);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].message, store->find(id_of(1))->reason);
}

TEST_P(StoreContract, DueGivesTheOldestFirst) {
  for (const int n : {1, 2, 3, 4}) {
    Tenant tenant = create(n);
    const std::optional<TimePoint> due_at = n == 4 ? std::nullopt : std::optional(at(100 - 10 * n));  // 90, 80, 70
    tenant.due_at = due_at;
    ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  }
  EXPECT_THAT(store->due(at(69), 10), IsEmpty());
  EXPECT_THAT(store->due(at(70), 10), ElementsAre(id_of(3)));
  EXPECT_THAT(store->due(at(1000), 10), ElementsAre(id_of(3), id_of(2), id_of(1)));
  EXPECT_THAT(store->due(at(1000), 2), ElementsAre(id_of(3), id_of(2)));
  EXPECT_EQ(store->next_due(), at(70));
}

TEST_P(StoreContract, LeasedWorkIsDueAgainWhenItsLeaseRunsOut) {
  for (const int n : {1, 2}) {
    Tenant tenant = create(n);
    tenant.due_at = at(10 * n);
    ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  }
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(50)}, at(10)));
  EXPECT_THAT(store->due(at(20), 10), ElementsAre(id_of(2)));
  EXPECT_EQ(store->next_due(), at(20));

  ASSERT_TRUE(store->claim(id_of(2), {"one", at(40)}, at(20)));
  EXPECT_THAT(store->due(at(39), 10), IsEmpty());
  EXPECT_EQ(store->next_due(), at(40)) << "a dead process's work must be found again";
  EXPECT_THAT(store->due(at(40), 10), ElementsAre(id_of(2)));
  EXPECT_THAT(store->due(at(50), 10), ElementsAre(id_of(1), id_of(2)));

  // A lease that ends before the due time does not make it due earlier.
  Tenant second = *store->find(id_of(2));
  second.due_at = at(45);
  ASSERT_TRUE(store->save(second, {}, std::nullopt));
  EXPECT_EQ(store->next_due(), at(45));
}

TEST_P(StoreContract, ReleasedWorkIsDueAtItsTime) {
  Tenant tenant = create(1);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(50)}, t0));
  tenant.due_at = at(5);
  ASSERT_TRUE(store->save(tenant, {}, Holder{"one", true}));
  EXPECT_EQ(store->next_due(), at(5));
  tenant.due_at.reset();
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  EXPECT_FALSE(store->next_due());
}

TEST_P(StoreContract, BreakLeasesEndsThemAll) {
  for (const int n : {1, 2}) {
    create(n);
    ASSERT_TRUE(store->claim(id_of(n), {"dead", at(1000)}, t0));
  }
  EXPECT_THAT(store->due(t0, 10), IsEmpty());
  store->break_leases();
  EXPECT_THAT(store->due(t0, 10), ElementsAre(id_of(1), id_of(2)));
  EXPECT_TRUE(store->claim(id_of(1), {"alive", at(10)}, t0));
}

TEST_P(StoreContract, EventsComeInOrderFromAPlaceOn) {
  Tenant tenant = create(1);
  create(2);
  ASSERT_TRUE(store->save(
      tenant, {{0, at(1), "step", "probe", "b", Millis(1500)}, {0, at(2), "error", "probe", "c", {}}}, std::nullopt));
  store->append(id_of(2), {0, at(2), "progress", "", "of another", {}});
  store->append(id_of(1), {0, at(3), "progress", "create_instance", "d", {}});

  const auto all = store->events(id_of(1), 0, 10);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].at, at(1));
  EXPECT_EQ(all[1].kind, "step");
  EXPECT_EQ(all[1].step, "probe");
  EXPECT_EQ(all[1].message, "b");
  EXPECT_EQ(all[1].duration, Millis(1500));
  EXPECT_FALSE(all[2].duration);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[i].seq, all[i - 1].seq);

  const auto messages = [&](std::uint64_t after, std::size_t limit) {
    std::string joined;
    for (const Event& event : store->events(id_of(1), after, limit)) joined += event.message + " ";
    return joined;
  };
  EXPECT_EQ(messages(all[1].seq, 10), "c d ");
  EXPECT_EQ(messages(0, 2), "c d ") << "the newest are wanted, ascending";
  EXPECT_EQ(messages(all[0].seq, 3), "b c d ");
  EXPECT_EQ(messages(all[0].seq, 2), "b c ") << "who follows is shown the oldest it has not seen";
  EXPECT_EQ(messages(all[1].seq, 1), "c ");
  EXPECT_EQ(messages(all[3].seq, 10), "");
}

TEST_P(StoreContract, WhoFollowsATimelineInSmallPagesMissesNothing) {
  Tenant tenant = create(1);
  for (int save = 0; save < 5; ++save) {
    std::vector<Event> events;
    for (int i = 0; i <= 2 * save; ++i)
      events.push_back({0, t0, "progress", "", std::to_string(save) + "/" + std::to_string(i), {}});
    ASSERT_TRUE(store->save(tenant, events, std::nullopt));
  }
  const auto all = store->events(id_of(1), 0, 1000);
  ASSERT_EQ(all.size(), 1u + 25u);
  for (const std::size_t limit : {1, 2, 7}) {
    std::vector<std::string> seen;
    for (auto page = store->events(id_of(1), all[0].seq, limit); !page.empty();
         page = store->events(id_of(1), page.back().seq, limit)) {
      for (const Event& event : page) seen.push_back(event.message);
    }
    ASSERT_EQ(seen.size(), all.size() - 1) << limit;
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], all[i + 1].message) << limit;
  }
}

TEST_P(StoreContract, ATimelineKeepsItsNewestThousand) {
  Tenant tenant = create(1);
  create(2);
  std::vector<Event> many;
  for (int i = 0; i < 998; ++i) many.push_back({0, t0, "progress", "", std::to_string(i), {}});
  ASSERT_TRUE(store->save(tenant, many, std::nullopt));
  EXPECT_EQ(store->events(id_of(1), 0, 5000).size(), 999u);
  store->append(id_of(1), {0, t0, "progress", "", "998", {}});
  EXPECT_EQ(store->events(id_of(1), 0, 5000).front().kind, "signed_up");
  store->append(id_of(1), {0, t0, "progress", "", "999", {}});
  const auto kept = store->events(id_of(1), 0, 5000);
  ASSERT_EQ(kept.size(), 1000u);
  EXPECT_EQ(kept.front().message, "0");
  EXPECT_EQ(kept.back().message, "999");
  many.resize(10);
  ASSERT_TRUE(store->save(tenant, many, std::nullopt));
  EXPECT_EQ(store->events(id_of(1), 0, 5000).front().message, "10");
  EXPECT_EQ(store->events(id_of(2), 0, 5000).size(), 1u) << "another tenant's timeline was trimmed";
}

}  // namespace slipway::test
