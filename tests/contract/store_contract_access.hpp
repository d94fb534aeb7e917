#pragma once
#include "tests/contract/store_contract_fixture.hpp"

// API keys and the audit trail.
namespace slipway::test {

TEST_P(StoreContract, AKeyIsFoundByItsHashUntilItIsRevoked) {
  store->add_key({KeyId("k_1"), "web site", Scope::signup, "hash-1", at(0), std::nullopt});
  store->add_key({KeyId("k_2"), "me", Scope::admin, "hash-2", at(1), std::nullopt});
  const auto found = store->find_key("hash-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, KeyId("k_1"));
  EXPECT_EQ(found->name, "web site");
  EXPECT_EQ(found->scope, Scope::signup);
  EXPECT_EQ(found->created_at, at(0));
  EXPECT_FALSE(store->find_key("hash-3"));
  EXPECT_TRUE(store->revoke_key(KeyId("k_1"), at(5)));
  EXPECT_TRUE(store->revoke_key(KeyId("k_1"), at(6)));
  EXPECT_FALSE(store->revoke_key(KeyId("k_9"), at(6)));
  EXPECT_FALSE(store->find_key("hash-1"));
  EXPECT_TRUE(store->find_key("hash-2"));
  const auto keys = store->keys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].revoked_at, at(5)) << "the first revocation counts";
  EXPECT_FALSE(keys[1].revoked_at);
}

TEST_P(StoreContract, TheAuditTrailIsReadInOrderAndByTarget) {
  for (int i = 0; i < 5; ++i) {
    const std::string target = i % 2 == 0 ? "t_even" : "t_odd";
    store->record({0, at(i), "k_1", "POST /x", target, "203.0.113.7", "r_" + std::to_string(i)});
  }
  const auto first = store->audit({"", 0, 2});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].request_id, "r_0");
  EXPECT_EQ(first[0].at, at(0));
  EXPECT_EQ(first[0].actor, "k_1");
  EXPECT_EQ(first[0].action, "POST /x");
  EXPECT_EQ(first[0].target, "t_even");
  EXPECT_EQ(first[0].from, "203.0.113.7");
  const auto rest = store->audit({"", first[1].seq, 100});
  ASSERT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest[0].request_id, "r_2");
  EXPECT_EQ(store->audit({"t_odd", 0, 100}).size(), 2u);
}

TEST_P(StoreContract, ASignUpAndItsAuditEntryAreOneWrite) {
  NewTenant w = wanted(1, "u-1", "s1");
  w.audit = AuditEntry{0, at(0), "k_1", "POST /provision", w.tenant.id.value(), "unix", "r_1"};
  ASSERT_TRUE(std::holds_alternative<Created>(store->sign_up(w, at(0))));
  EXPECT_EQ(store->audit({w.tenant.id.value(), 0, 10}).size(), 1u);
  ASSERT_TRUE(std::holds_alternative<Existing>(store->sign_up(w, at(1))));
  EXPECT_EQ(store->audit({}).size(), 1u) << "a repeat changes nothing";
}

TEST_P(StoreContract, SearchLooksIntoNameAddressUserAndSubdomain) {
  store->sign_up(wanted(1, "u-1", "first"), at(0));
  store->sign_up(wanted(2, "u-2", "second"), at(0));
  const auto first = store->find(id_of(1)).value().sign_up;
  const auto found = [&](const std::string& search) { return store->list({.search = search}).size(); };
  EXPECT_EQ(found(first.slug.value()), 1u);
  EXPECT_EQ(found(first.user_id.value()), 1u);
  EXPECT_EQ(found("@SHOP.example"), 2u);
  EXPECT_EQ(found("dź ☕"), 2u);
  EXPECT_EQ(found("no such customer"), 0u);
  EXPECT_EQ(found("%"), 0u) << "no pattern, plain text";
  EXPECT_EQ(store->list({.status = Status::failed, .search = first.slug.value()}).size(), 0u);
}

}  // namespace slipway::test
