#pragma once
#include "tests/contract/store_contract_fixture.hpp"

// The ledger in numbers.
namespace slipway::test {

TEST_P(StoreContract, TheOverviewOfANewLedgerIsEmpty) {
  const Overview overview = store->overview(t0, t0);
  EXPECT_EQ(overview.due + overview.ports_leased + overview.ports_held + overview.mail_owed, 0u);
  EXPECT_EQ(overview.ports, 10u);
  EXPECT_FALSE(overview.oldest_due);
  EXPECT_FALSE(overview.mail_owed_since);
  EXPECT_THAT(overview.to_ready, IsEmpty());
}

TEST_P(StoreContract, TheOverviewCountsTenantsAndPorts) {
  Tenant active = create(1);
  active.status = Status::active;
  ASSERT_TRUE(store->save(active, {}, std::nullopt));
  destroy(create(2));
  create(3);
  create(4);
  store->lease_port(*store->find(id_of(4)), store->find(id_of(4))->port, at(60), t0);
  Overview overview = store->overview(t0, t0);
  EXPECT_EQ(overview.tenants[Status::active], 1u);
  EXPECT_EQ(overview.tenants[Status::deleted], 1u);
  EXPECT_EQ(overview.tenants[Status::provisioning], 2u);
  EXPECT_EQ(overview.ports_held, 1u);
  EXPECT_EQ(overview.ports_leased, 3u);  // another one for tenant 4
  overview = store->overview(at(60), t0);
  EXPECT_EQ(overview.ports_held, 0u) << "the hold has run out";
  EXPECT_EQ(overview.ports_leased, 3u);
}

TEST_P(StoreContract, TheOverviewTellsWhatIsDueAndNotWorkedOn) {
  create(1);
  Tenant later = create(2);
  later.due_at = at(10);
  ASSERT_TRUE(store->save(later, {}, std::nullopt));
  Overview overview = store->overview(at(5), t0);
  EXPECT_EQ(overview.due, 1u);
  EXPECT_EQ(overview.oldest_due, t0);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(20)}, at(5)));
  overview = store->overview(at(15), t0);
  EXPECT_EQ(overview.due, 1u);
  EXPECT_EQ(overview.oldest_due, at(10));
  EXPECT_EQ(store->overview(at(20), t0).due, 2u) << "the lease has run out";
}

TEST_P(StoreContract, TheOverviewTellsHowLongSignUpsTook) {
  for (const auto& [n, seconds] : {std::pair(1, 9), std::pair(2, 3), std::pair(3, 5)}) {
    Tenant tenant = create(n);
    tenant.first_ready_at = at(seconds);
    ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  }
  create(4);
  EXPECT_THAT(store->overview(at(10), t0).to_ready, ElementsAre(Millis(3'000), Millis(5'000), Millis(9'000)));
  EXPECT_THAT(store->overview(at(10), at(5)).to_ready, ElementsAre(Millis(5'000), Millis(9'000)));
}

TEST_P(StoreContract, TheOverviewTellsOfMailThatIsOwed) {
  Tenant owed = create(1);
  Mail mail;
  mail.purpose = "welcome";
  mail.key = "k";
  owed.mails.push_back(mail);
  ASSERT_TRUE(store->save(owed, {}, std::nullopt));
  EXPECT_EQ(store->overview(t0, t0).mail_owed, 0u) << "not tried yet: nothing has gone wrong";
  owed.mails[0].attempts = 2;
  owed.mails[0].first_at = at(3);
  ASSERT_TRUE(store->save(owed, {}, std::nullopt));
  EXPECT_EQ(store->overview(at(4), t0).mail_owed, 1u);
  EXPECT_EQ(store->overview(at(4), t0).mail_owed_since, at(3));
  owed.mails[0].state = MailState::sent;
  ASSERT_TRUE(store->save(owed, {}, std::nullopt));
  EXPECT_EQ(store->overview(at(5), t0).mail_owed, 0u);
}

}  // namespace slipway::test
