#pragma once
#include "tests/contract/store_contract_fixture.hpp"

// The promises of sign_up, find and list.
namespace slipway::test {

TEST_P(StoreContract, SignUpWritesTheRowItsPortAndItsEvent) {
  const auto result = store->sign_up(wanted(1, "ann", "acme", "k1"), t0);
  const Tenant created = std::get<Created>(result).tenant;
  EXPECT_EQ(created.id, id_of(1));
  EXPECT_EQ(created.port, Port(20000));
  EXPECT_GT(created.version, 0u);

  const auto found = store->find(id_of(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(whole(*found), whole(created));
  EXPECT_EQ(found->sign_up.company_name, CompanyName("Łódź ☕"));
  EXPECT_EQ(found->due_at, t0);

  const auto ports = store->ports(t0);
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].port, Port(20000));
  EXPECT_EQ(ports[0].status, PortStatus::leased);
  EXPECT_EQ(ports[0].tenant_id, id_of(1));
  EXPECT_EQ(ports[0].user_id, UserId("ann"));

  const auto events = store->events(id_of(1), 0, 10);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, "signed_up");
}

TEST_P(StoreContract, FindsNothingThatIsNotThere) {
  EXPECT_FALSE(store->find(id_of(1)));
  EXPECT_FALSE(store->find_slug(Slug("acme")));
  EXPECT_THAT(store->list({}), IsEmpty());
  EXPECT_THAT(store->ports(t0), IsEmpty());
  EXPECT_THAT(store->events(id_of(1), 0, 10), IsEmpty());
  EXPECT_THAT(store->due(t0, 10), IsEmpty());
  EXPECT_FALSE(store->next_due());
  EXPECT_FALSE(store->claim(id_of(1), {"w", at(10)}, t0));
}

TEST_P(StoreContract, TheSameKeyWithTheSameBodyGivesTheSameTenant) {
  create(1, "k1");
  // Another user's even: the key decides, and the body hash says that it is the same request.
  const auto again = store->sign_up(wanted(2, "u1", "s1", "k1"), at(60));
  ASSERT_TRUE(std::holds_alternative<Existing>(again));
  EXPECT_EQ(std::get<Existing>(again).tenant.id, id_of(1));
  EXPECT_EQ(store->list({}).size(), 1u);
  EXPECT_EQ(store->ports(t0).size(), 1u);
  EXPECT_EQ(store->events(id_of(1), 0, 10).size(), 1u);
}

TEST_P(StoreContract, TheSameKeyWithAnotherBodyIsRefused) {
  create(1, "k1");
  const auto other = store->sign_up(wanted(2, "u2", "s2", "k1", "another body"), t0);
  ASSERT_TRUE(std::holds_alternative<Refused>(other));
  EXPECT_EQ(std::get<Refused>(other).field, "Idempotency-Key");
  EXPECT_FALSE(store->find(id_of(2)));
}

TEST_P(StoreContract, AKeyStillGivesItsTenantAfterTheDeletion) {
  destroy(create(1, "k1"));
  const auto late = store->sign_up(wanted(2, "u1", "s1", "k1"), at(3600));
  ASSERT_TRUE(std::holds_alternative<Existing>(late));
  EXPECT_EQ(std::get<Existing>(late).tenant.id, id_of(1));
  EXPECT_EQ(std::get<Existing>(late).tenant.status, Status::deleted);
}

TEST_P(StoreContract, AUserHasOneTenant) {
  create(1);
  const auto same = store->sign_up(wanted(2, "u1", "s1"), t0);
  ASSERT_TRUE(std::holds_alternative<Existing>(same));
  EXPECT_EQ(std::get<Existing>(same).tenant.id, id_of(1));
  const auto moved = store->sign_up(wanted(3, "u1", "elsewhere", "k3"), t0);
  ASSERT_TRUE(std::holds_alternative<Refused>(moved));
  EXPECT_EQ(std::get<Refused>(moved).field, "userId");
  EXPECT_EQ(store->list({}).size(), 1u);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, ARepeatWithOtherContentIsRefusedWithTheFields) {
  const Tenant first = create(1, "k1");
  const auto changed = [&](const std::string& key, auto&& change) {
    NewTenant w = wanted(2, "u1", "s1", key, "another body");
    change(w.tenant.sign_up);
    const auto result = store->sign_up(w, t0);
    const auto* refused = std::get_if<Refused>(&result);
    if (refused == nullptr) return std::vector<std::string>{"not refused"};
    EXPECT_EQ(refused->field, key == "k1" ? "Idempotency-Key" : "userId");
    return refused->changed;
  };
  for (const char* key : {"", "k2", "k1"}) {
    EXPECT_THAT(changed(key, [](SignUp& s) { s.admin_email = EmailAddress("b@shop.example"); }),
                ElementsAre("admin_email"));
    EXPECT_THAT(changed(key, [](SignUp& s) { s.company_name = CompanyName("B"); }), ElementsAre("company_name"));
    EXPECT_THAT(changed(key, [](SignUp& s) { s.metadata["source"] = "other"; }), ElementsAre("metadata"));
    EXPECT_THAT(changed(key, [](SignUp& s) { s.plan = PlanName("large"); }), ElementsAre("plan"));
    EXPECT_THAT(changed(key,
                        [](SignUp& s) {
                          s.slug = Slug("s2");
                          s.metadata.clear();
                        }),
                ElementsAre("subdomain", "metadata"));
  }
  EXPECT_EQ(whole(*store->find(id_of(1))), whole(first));
  EXPECT_EQ(store->list({}).size(), 1u);
  // A key that was refused is new still: it is not bound to a tenant with other content.
  EXPECT_TRUE(std::holds_alternative<Existing>(store->sign_up(wanted(3, "u1", "s1", "k2"), t0)));
}

TEST_P(StoreContract, AKeyThatWasAnsweredWithTheUsersTenantIsBoundToIt) {
  const Tenant first = create(1, "k1");
  ASSERT_TRUE(std::holds_alternative<Existing>(store->sign_up(wanted(2, "u1", "s1", "k2"), t0)));
  destroy(first);
  const auto late = store->sign_up(wanted(3, "u1", "s1", "k2"), at(60));
  ASSERT_TRUE(std::holds_alternative<Existing>(late)) << "a late repeat has resurrected the tenant";
  EXPECT_EQ(std::get<Existing>(late).tenant.id, id_of(1));
}

TEST_P(StoreContract, AUserOfADeletedTenantNeedsANewKey) {
  destroy(create(1, "k1"));
  const auto late = store->sign_up(wanted(2, "u1", "s1"), at(60));
  ASSERT_TRUE(std::holds_alternative<Refused>(late));
  EXPECT_EQ(std::get<Refused>(late).field, "userId");
  const auto fresh = store->sign_up(wanted(3, "u1", "s1", "k2"), at(60));
  ASSERT_TRUE(std::holds_alternative<Created>(fresh));
  EXPECT_EQ(std::get<Created>(fresh).tenant.id, id_of(3));
  // And from now on the user's tenant is the new one.
  const auto again = store->sign_up(wanted(4, "u1", "s1"), at(61));
  ASSERT_TRUE(std::holds_alternative<Existing>(again));
  EXPECT_EQ(std::get<Existing>(again).tenant.id, id_of(3));
}

TEST_P(StoreContract, ASubdomainBelongsToOneTenantUntilItIsDeleted) {
  const Tenant first = create(1);
  const auto taken = store->sign_up(wanted(2, "u2", "s1", "k2"), t0);
  ASSERT_TRUE(std::holds_alternative<Refused>(taken));
  EXPECT_EQ(std::get<Refused>(taken).field, "subdomain");
  EXPECT_FALSE(store->find(id_of(2)));
  EXPECT_EQ(store->find_slug(Slug("s1"))->id, id_of(1));

  destroy(first);
  EXPECT_FALSE(store->find_slug(Slug("s1")));
  // The refused request wrote nothing: its key is new still.
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(wanted(2, "u2", "s1", "k2"), at(1))));
  EXPECT_EQ(store->find_slug(Slug("s1"))->id, id_of(2));
  EXPECT_EQ(store->find(id_of(1))->status, Status::deleted);
}

TEST_P(StoreContract, ADashMakesAnotherTenant) {
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(wanted(1, "ann", "a-b"), t0)));
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(wanted(2, "bob", "ab"), t0)));
  EXPECT_EQ(store->find_slug(Slug("a-b"))->id, id_of(1));
  EXPECT_EQ(store->find_slug(Slug("ab"))->id, id_of(2));
  EXPECT_NE(port_of(id_of(1)), port_of(id_of(2)));
}

TEST_P(StoreContract, RacingSignUpsOfOneUserMakeOneTenant) {
  constexpr int racers = 16;
  std::vector<std::optional<SignUpResult>> results(racers);
  at_once(racers, [&](int i) {
    const std::string key = i % 2 == 0 ? "same" : "";
    results[static_cast<std::size_t>(i)] = store->sign_up(wanted(i, "ann", "acme", key), t0);
  });
  std::optional<TenantId> winner;
  for (const auto& result : results) {
    if (!std::holds_alternative<Created>(*result)) continue;
    EXPECT_FALSE(winner) << "two tenants were created";
    winner = std::get<Created>(*result).tenant.id;
  }
  ASSERT_TRUE(winner);
  for (const auto& result : results) {
    ASSERT_FALSE(std::holds_alternative<Refused>(*result)) << std::get<Refused>(*result).reason;
    if (std::holds_alternative<Existing>(*result)) {
      EXPECT_EQ(std::get<Existing>(*result).tenant.id, *winner);
    }
  }
  EXPECT_EQ(store->list({}).size(), 1u);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, RacingSignUpsForOneSubdomainGiveItToOne) {
  std::atomic<int> created = 0;
  at_once(16, [&](int i) {
    const auto result = store->sign_up(wanted(i, "u" + std::to_string(i), "acme"), t0);
    if (std::holds_alternative<Created>(result)) {
      ++created;
    } else {
      EXPECT_EQ(std::get<Refused>(result).field, "subdomain");
    }
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, WithoutAFreePortNothingIsWritten) {
  open(20000, 20001);
  const Tenant first = create(1);
  create(2);
  EXPECT_EQ(error_of([&] { store->sign_up(wanted(3, "u3", "s3", "k3"), t0); }), ErrorKind::limited);
  EXPECT_FALSE(store->find(id_of(3)));
  EXPECT_FALSE(store->find_slug(Slug("s3")));
  EXPECT_THAT(store->events(id_of(3), 0, 10), IsEmpty());
  destroy(first);
  // The key was not used up by the failed try.
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(wanted(4, "u3", "s3", "k3", "any body"), t0)));
}

TEST_P(StoreContract, EachOwnerHasKeysOfItsOwn) {
  const auto with = [](int n, const std::string& owner, const std::string& body = "body") {
    NewTenant w = wanted(n, "u" + std::to_string(n), "s" + std::to_string(n), "", body);
    w.key = owned_key(owner, IdempotencyKey("order-1"));
    return w;
  };
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(with(1, "k_a"), t0)));
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(with(2, "k_b", "another body"), t0)));
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(with(3, "socket"), t0)));
  EXPECT_EQ(std::get<Existing>(store->sign_up(with(4, "k_a"), t0)).tenant.id, id_of(1));
  EXPECT_EQ(std::get<Existing>(store->sign_up(with(4, "k_b", "another body"), t0)).tenant.id, id_of(2));
  EXPECT_EQ(std::get<Refused>(store->sign_up(with(4, "k_b"), t0)).field, "Idempotency-Key");
  // A client may send whatever it likes as a key, also what looks like another's.
  NewTenant forged = with(5, "k_c");
  forged.key = owned_key("k_c", IdempotencyKey("k_a order-1"));
  EXPECT_TRUE(std::holds_alternative<Created>(store->sign_up(forged, t0)));
}

// As a ledger holds them that was written before keys had owners.
TEST_P(StoreContract, AKeyWithoutAnOwnerIsEverybodys) {
  create(1, "order-1");
  destroy(*store->find(id_of(1)));
  for (const char* owner : {"k_a", "k_b", "socket"}) {
    NewTenant repeat = wanted(2, "u1", "s1");
    repeat.key = owned_key(owner, IdempotencyKey("order-1"));
    EXPECT_EQ(std::get<Existing>(store->sign_up(repeat, t0)).tenant.id, id_of(1)) << "although it is deleted";
    repeat.body_hash = "another body";
    EXPECT_EQ(std::get<Refused>(store->sign_up(repeat, t0)).field, "Idempotency-Key");
  }
  EXPECT_FALSE(store->find(id_of(2)));
}

TEST_P(StoreContract, AKeyIsForgottenAfterItsTime) {
  const auto sign_up = [&](int n, const std::string& user, const std::string& body, TimePoint now) {
    NewTenant w = wanted(n, user, "s" + std::to_string(n), "", body);
    w.tenant.created_at = now;
    w.key = owned_key("k_a", IdempotencyKey("order-1"));
    return store->sign_up(w, now);
  };
  ASSERT_TRUE(std::holds_alternative<Created>(sign_up(0, "u0", "a", t0)));
  TimePoint last = t0 + key_life - Millis(1);
  EXPECT_EQ(std::get<Existing>(sign_up(1, "u1", "a", last)).tenant.id, id_of(0));
  EXPECT_EQ(std::get<Refused>(sign_up(1, "u1", "b", last)).field, "Idempotency-Key");
  // Then it is as if it had never been sent, for as long again.
  ASSERT_TRUE(std::holds_alternative<Created>(sign_up(1, "u1", "b", t0 + key_life)));
  last += key_life;
  EXPECT_EQ(std::get<Existing>(sign_up(2, "u2", "b", last)).tenant.id, id_of(1));
  EXPECT_EQ(std::get<Refused>(sign_up(2, "u2", "c", last)).field, "Idempotency-Key");
}

TEST_P(StoreContract, AForgottenKeyOfAUserWhoIsThereIsBoundAnew) {
  const auto sign_up = [&](int n, const std::string& body, TimePoint now) {
    NewTenant w = wanted(n, "u1", "s1", "k1", body);
    w.tenant.created_at = now;
    return store->sign_up(w, now);
  };
  ASSERT_TRUE(std::holds_alternative<Created>(sign_up(1, "a", t0)));
  EXPECT_EQ(std::get<Existing>(sign_up(2, "b", t0 + key_life)).tenant.id, id_of(1));
  EXPECT_EQ(std::get<Refused>(sign_up(2, "a", t0 + key_life)).field, "Idempotency-Key");
}

TEST_P(StoreContract, AKeyWithoutAnOwnerIsForgottenToo) {
  create(1, "order-1");
  NewTenant later = wanted(2, "u2", "s2");
  later.tenant.created_at = t0 + key_life;
  later.key = owned_key("k_a", IdempotencyKey("order-1"));
  EXPECT_TRUE(std::holds_alternative<Created>(store->sign_up(later, t0 + key_life)));
}

TEST_P(StoreContract, ListsByIdInPagesAndByStatus) {
  std::vector<Tenant> made;
  for (const int n : {3, 1, 5, 2, 4}) made.push_back(create(n));
  destroy(made[1]);  // id 1
  destroy(made[4]);  // id 4
  const auto ids = [&](const TenantFilter& filter) {
    std::vector<TenantId> found;
    for (const Tenant& tenant : store->list(filter)) found.push_back(tenant.id);
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre(id_of(1), id_of(2), id_of(3), id_of(4), id_of(5)));
  EXPECT_THAT(ids({std::nullopt, "", 2}), ElementsAre(id_of(1), id_of(2)));
  EXPECT_THAT(ids({std::nullopt, id_of(2).value(), 2}), ElementsAre(id_of(3), id_of(4)));
  EXPECT_THAT(ids({std::nullopt, id_of(5).value(), 2}), IsEmpty());
  EXPECT_THAT(ids({Status::provisioning, "", 100}), ElementsAre(id_of(2), id_of(3), id_of(5)));
  EXPECT_THAT(ids({Status::provisioning, id_of(2).value(), 1}), ElementsAre(id_of(3)));
  EXPECT_THAT(ids({Status::deleted, "", 100}), ElementsAre(id_of(1), id_of(4)));
  EXPECT_THAT(ids({Status::active, "", 100}), IsEmpty());
  const auto newest = [](const std::string& after, std::size_t limit) {
    return TenantFilter{.after = after, .limit = limit, .newest_first = true};
  };
  EXPECT_THAT(ids(newest("", 2)), ElementsAre(id_of(5), id_of(4)));
  EXPECT_THAT(ids(newest(id_of(4).value(), 2)), ElementsAre(id_of(3), id_of(2)));
  EXPECT_THAT(ids(newest(id_of(2).value(), 2)), ElementsAre(id_of(1)));
  EXPECT_THAT(ids(newest(id_of(1).value(), 2)), IsEmpty());
  EXPECT_THAT(ids({.status = Status::provisioning, .after = id_of(5).value(), .newest_first = true}),
              ElementsAre(id_of(3), id_of(2)));
  EXPECT_THAT(ids({.limit = 2, .search = "@shop", .newest_first = true}), ElementsAre(id_of(5), id_of(4)));
}

TEST_P(StoreContract, TheIdsOfAStatusComeInPages) {
  for (const int n : {3, 1, 5, 2, 4}) create(n);
  destroy(*store->find(id_of(2)));
  EXPECT_THAT(store->ids(Status::provisioning, "", 100), ElementsAre(id_of(1), id_of(3), id_of(4), id_of(5)));
  EXPECT_THAT(store->ids(Status::provisioning, "", 2), ElementsAre(id_of(1), id_of(3)));
  EXPECT_THAT(store->ids(Status::provisioning, id_of(3).value(), 2), ElementsAre(id_of(4), id_of(5)));
  EXPECT_THAT(store->ids(Status::provisioning, id_of(5).value(), 2), IsEmpty());
  EXPECT_THAT(store->ids(Status::deleted, "", 100), ElementsAre(id_of(2)));
  EXPECT_THAT(store->ids(Status::active, "", 100), IsEmpty());
}

TEST_P(StoreContract, TheInstallationHasOneName) {
  const std::string name = store->installation().value();
  EXPECT_EQ(name.size(), 6u);
  EXPECT_EQ(name.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos) << name;
  create(1);
  EXPECT_EQ(store->installation().value(), name);
}

}  // namespace slipway::test
