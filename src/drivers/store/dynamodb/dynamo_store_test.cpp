#include "drivers/store/dynamodb/dynamo_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "drivers/store/dynamodb/keys.hpp"
#include "drivers/store/dynamodb/test_ledger.hpp"

namespace slipway::dynamodb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Tenant sign_up(DynamoStore& store, int n) {
  const std::string name = std::to_string(n);
  return std::get<Created>(store.sign_up(TestLedger::wanted(n, "u" + name, "s" + name), TestLedger::t0)).tenant;
}

void destroy(DynamoStore& store, Tenant tenant) {
  tenant.status = Status::deleted;
  tenant.port.reset();
  tenant.due_at.reset();
  ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

// Global indexes follow the table some moments later: what is found through them may be old, what is read by key is
// not.
TEST(DynamoStore, LateIndexesShowOldEntriesAndNewRows) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  Tenant first = sign_up(store, 1);
  ledger.fake.set_index_lag(6);  // a sign-up without a key is six writes
  Tenant second = sign_up(store, 2);
  EXPECT_THAT(store.due(TestLedger::at(1), 10), ElementsAre(first.id)) << "the second is found by the next look";
  EXPECT_THAT(store.list({}), SizeIs(1));
  ASSERT_TRUE(store.find(second.id));
  ASSERT_TRUE(store.find_slug(Slug("s2")));
  EXPECT_THAT(store.ports(TestLedger::at(1)), SizeIs(2));

  ledger.fake.set_index_lag(0);
  first.due_at.reset();
  first.status = Status::active;
  ledger.fake.set_index_lag(1);
  ASSERT_TRUE(store.save(first, {}, std::nullopt));
  EXPECT_THAT(store.due(TestLedger::at(1), 10), ElementsAre(first.id, second.id)) << "it is looked at in vain";
  const auto listed = store.list({});
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_EQ(listed[0].status, Status::active) << "rows are read as they are, whatever the index says";
  EXPECT_EQ(listed[0].version, first.version);
  TenantFilter filter;
  filter.status = Status::provisioning;
  EXPECT_THAT(store.list(filter), SizeIs(1)) << "the index calls the first one provisioning still";
}

// A port that was given back a moment ago can be had, whatever the global indexes know: ports have a local index.
TEST(DynamoStore, PortsDoNotWaitForLateIndexes) {
  TestLedger ledger;
  DynamoStore store = ledger.open(Port(20'000), Port(20'000));
  ledger.fake.set_index_lag(1'000);
  for (int n = 1; n < 5; ++n) {
    const Tenant tenant = sign_up(store, n);
    EXPECT_EQ(tenant.port, Port(20'000));
    destroy(store, tenant);
  }
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, AFailedTenantGetsNoPort) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  Tenant tenant = sign_up(store, 1);
  tenant.status = Status::failed;
  tenant.port.reset();
  ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
  EXPECT_THAT(message_of([&] { store.lease_port(tenant, std::nullopt, TestLedger::at(1), TestLedger::at(1)); }),
              HasSubstr("failed"));
  EXPECT_THAT(store.ports(TestLedger::at(1)), IsEmpty());
  tenant.status = Status::provisioning;  // tried again
  ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
  store.lease_port(tenant, std::nullopt, TestLedger::at(1), TestLedger::at(1));
  EXPECT_THAT(store.ports(TestLedger::at(1)), SizeIs(1));
}

TEST(DynamoStore, ARowThatIsWrittenWhileItsPortMovesKeepsIts) {
  TestLedger ledger;
  DynamoStore store = ledger.open(), other = ledger.open();
  const Tenant late = sign_up(store, 1);
  bool written = false;
  ledger.plan = [&](std::string_view operation, int) {
    if (operation == "TransactWriteItems" && !written) {
      written = true;  // between the late one's look and its write
      Tenant tenant = late;
      tenant.reason = "another was here";
      EXPECT_TRUE(other.save(tenant, {}, std::nullopt));
    }
    return Fault::none;
  };
  EXPECT_EQ(store.lease_port(late, Port(20'000), TestLedger::at(600), TestLedger::at(1)), std::nullopt);
  EXPECT_TRUE(written);
  ASSERT_THAT(store.ports(TestLedger::at(1)), SizeIs(1));
  EXPECT_EQ(store.ports(TestLedger::at(1))[0].port, *late.port);
  EXPECT_EQ(store.ports(TestLedger::at(1))[0].status, PortStatus::leased);
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, TwoProcessesShareOneTable) {
  TestLedger ledger;
  DynamoStore one = ledger.open(), two = ledger.open();
  EXPECT_EQ(one.installation(), two.installation());
  const Tenant first = sign_up(one, 1), second = sign_up(two, 2);
  EXPECT_NE(first.port, second.port);
  EXPECT_EQ(two.find(first.id)->id, first.id);
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, ATableOfANewerSlipwayIsRefused) {
  TestLedger ledger;
  Item item = installation_key();
  item["value"] = text("abc123");
  item["schema"] = number(schema_version + 1);
  ledger.fake.call("PutItem", {{"TableName", "ledger"}, {"Item", item}});
  DynamoStore store = ledger.open();
  EXPECT_THAT(message_of([&] { store.installation(); }), HasSubstr("run the newer Slipway"));
}

TEST(DynamoStore, AnEmptyRangeIsRefused) {
  TestLedger ledger;
  EXPECT_THAT(message_of([&] { ledger.open(Port(20'001), Port(20'000)); }), HasSubstr("20001-20000 is empty"));
}

TEST(DynamoStore, ManyPortsGetTheirItemsInBlocks) {
  TestLedger ledger;
  DynamoStore store = ledger.open(Port(20'000), Port(29'999));
  for (int n = 1; n <= 60; ++n) EXPECT_EQ(sign_up(store, n).port, Port(static_cast<std::uint16_t>(19'999 + n)));
  std::size_t items = 0;
  for (const Item& item : ledger.fake.items("ledger")) items += text_of(item, "pk") == "PORTS" ? 1 : 0;
  EXPECT_EQ(items, 75u + 1u);
}

TEST(DynamoStore, AnotherRangeTakesOver) {
  TestLedger ledger;
  {
    DynamoStore store = ledger.open(Port(20'000), Port(20'002));
    sign_up(store, 1);
    destroy(store, sign_up(store, 2));
  }
  DynamoStore store = ledger.open(Port(19'998), Port(20'000));
  EXPECT_EQ(sign_up(store, 3).port, Port(19'998));
  EXPECT_EQ(sign_up(store, 4).port, Port(19'999));
  EXPECT_THAT(message_of([&] { sign_up(store, 5); }), HasSubstr("no port from 19998 to 20000 is free"));
  const Tenant old = *store.find(TestLedger::wanted(1, "", "").tenant.id);
  EXPECT_EQ(store.lease_port(old, std::nullopt, TestLedger::at(1), TestLedger::at(1)), Port(20'000))
      << "its lease goes on";
  for (const Item& item : ledger.fake.items("ledger")) {
    EXPECT_LE(number_of(item, "port"), 20'000) << "a free port of the old range is left over";
  }
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, ManyWhoWantAPortTakeDifferentOnes) {
  TestLedger ledger;
  DynamoStore store = ledger.open(Port(20'000), Port(20'099));
  // Each time somebody else is faster with the candidate that stands first.
  bool faster = false;
  int n = 100;
  DynamoStore other = ledger.open(Port(20'000), Port(20'099));
  ledger.plan = [&](std::string_view operation, int) {
    if (operation == "TransactWriteItems" && !faster && n < 110) {
      faster = true;
      sign_up(other, ++n);
      faster = false;
    }
    return Fault::none;
  };
  const Tenant tenant = sign_up(store, 1);
  EXPECT_TRUE(tenant.port);
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, TwoWhoMoveOneTenantLeaveOneLease) {
  TestLedger ledger;
  DynamoStore store = ledger.open(), other = ledger.open();
  const Tenant tenant = sign_up(store, 1);
  bool moved = false;
  ledger.plan = [&](std::string_view operation, int) {
    if (operation == "TransactWriteItems" && !moved) {
      moved = true;  // between the other one's look and its write
      other.lease_port(tenant, std::nullopt, TestLedger::at(600), TestLedger::at(1));
      other.lease_port(tenant, Port(20'000), TestLedger::at(600), TestLedger::at(1));
    }
    return Fault::none;
  };
  store.lease_port(tenant, Port(20'000), TestLedger::at(600), TestLedger::at(1));
  EXPECT_THAT(store.ports(TestLedger::at(1)), SizeIs(2)) << "one on hold, one leased";
  EXPECT_THAT(ledger.disagreements(), IsEmpty());
}

TEST(DynamoStore, ATimelineGoesOnAboveWhatHasExpired) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  const Tenant tenant = sign_up(store, 1);
  store.append(tenant.id, TestLedger::line("old"));
  const auto before = store.events(tenant.id, 0, 10);
  ASSERT_THAT(before, SizeIs(2));
  for (const Item& item : ledger.fake.items("ledger")) {
    if (!text_of(item, "sk").starts_with("EVENT#")) continue;
    EXPECT_EQ(number_of(item, "expires") * 1'000, (TestLedger::t0 + std::chrono::hours(24)).time_since_epoch().count());
    ledger.fake.call("DeleteItem",
                     {{"TableName", "ledger"}, {"Key", key_of(text_of(item, "pk"), text_of(item, "sk"))}});
  }
  EXPECT_THAT(store.events(tenant.id, 0, 10), IsEmpty());
  Event later = TestLedger::line("new");
  later.at += std::chrono::hours(24 * 30);
  store.append(tenant.id, later);
  const auto after = store.events(tenant.id, before.back().seq, 10);
  ASSERT_THAT(after, SizeIs(1)) << "whoever has seen the old ones must see the new one";
  EXPECT_EQ(after[0].message, "new");
}

TEST(DynamoStore, TheEndOfATimelineIsReadWhereItHasMovedSinceTheClaim) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  DynamoStore other = ledger.open();
  const Tenant made = sign_up(store, 1);
  Tenant tenant = *store.claim(made.id, {"w", TestLedger::at(30)}, TestLedger::t0);
  const auto before = ledger.fake.counters().read_units;
  ASSERT_TRUE(store.save(tenant, {TestLedger::line("one")}, std::nullopt));
  EXPECT_EQ(ledger.fake.counters().read_units, before) << "the row told it";
  other.append(tenant.id, TestLedger::line("two"));
  ASSERT_TRUE(store.save(tenant, {TestLedger::line("three")}, std::nullopt));
  store.append(tenant.id, TestLedger::line("four"));
  ASSERT_TRUE(store.save(tenant, {TestLedger::line("five")}, Holder{"w", true}));
  std::vector<std::string> lines;
  for (const Event& event : store.events(tenant.id, 0, 10)) lines.push_back(event.message);
  lines.erase(lines.begin());
  EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four", "five"));
}

TEST(DynamoStore, WhatFellOutOfATimelineIsRemoved) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  Tenant tenant = sign_up(store, 1);
  for (int round = 0; round < 30; ++round) {
    ASSERT_TRUE(store.save(tenant, std::vector<Event>(50, TestLedger::line("x")), std::nullopt));
  }
  EXPECT_THAT(store.events(tenant.id, 0, 5'000), SizeIs(1'000));
  std::size_t items = 0;
  for (const Item& item : ledger.fake.items("ledger")) items += text_of(item, "sk").starts_with("EVENT#") ? 1 : 0;
  EXPECT_LE(items, 24u) << "of 31; each has 50 lines";
}

TEST(DynamoStore, LinesTooManyForOneItemAreSaved) {
  TestLedger ledger;
  DynamoStore store = ledger.open();
  Tenant tenant = sign_up(store, 1);
  ASSERT_TRUE(store.save(tenant, std::vector<Event>(900, TestLedger::line(std::string(1'500, 'x'))), std::nullopt));
  EXPECT_THAT(store.events(tenant.id, 0, 5'000), SizeIs(901));
}

}  // namespace
}  // namespace slipway::dynamodb::test
