#pragma once
#include "tests/contract/store_contract_fixture.hpp"

// The promises of the ledger of ports.
namespace slipway::test {

TEST_P(StoreContract, ATenantKeepsThePortItHas) {
  const Tenant tenant = create(1);
  EXPECT_EQ(store->lease_port(tenant, std::nullopt, t0, t0), *tenant.port);
  EXPECT_EQ(store->lease_port(tenant, std::nullopt, t0, t0), *tenant.port);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, ARefusedPortIsHeldAndFreeAgainLater) {
  open(20000, 20001);
  const Tenant tenant = create(1);
  EXPECT_EQ(store->lease_port(tenant, Port(20000), at(600), t0), Port(20001));
  const auto ports = store->ports(t0);
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[0].port, Port(20000));
  EXPECT_EQ(ports[0].status, PortStatus::held);
  EXPECT_EQ(ports[0].held_until, at(600));
  EXPECT_EQ(ports[0].tenant_id, TenantId());
  EXPECT_EQ(ports[1].port, Port(20001));
  EXPECT_EQ(ports[1].status, PortStatus::leased);
  EXPECT_EQ(ports[1].tenant_id, id_of(1));

  EXPECT_EQ(error_of([&] { store->sign_up(wanted(2, "u2", "s2"), at(599)); }), ErrorKind::limited);
  const auto later = store->sign_up(wanted(2, "u2", "s2"), at(600));
  ASSERT_TRUE(std::holds_alternative<Created>(later));
  EXPECT_EQ(std::get<Created>(later).tenant.port, Port(20000));
}

TEST_P(StoreContract, AHoldThatIsOverIsNotShown) {
  const Tenant tenant = create(1);
  store->lease_port(tenant, Port(20000), at(600), t0);
  EXPECT_EQ(store->ports(at(599)).size(), 2u);
  const auto ports = store->ports(at(600));
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].status, PortStatus::leased);
}

TEST_P(StoreContract, LeasePortFindsAHoldThatIsOver) {
  open(20000, 20001);
  const Tenant tenant = create(1);
  EXPECT_EQ(store->lease_port(tenant, Port(20000), at(600), t0), Port(20001));
  EXPECT_EQ(store->lease_port(tenant, Port(20001), at(1300), at(700)), Port(20000));
}

// A call about another time, such as the engine's at its start, ends no hold.
TEST_P(StoreContract, NoCallGoesByTheTimeOfAnother) {
  open(20000, 20001);
  const Tenant tenant = create(1);
  EXPECT_EQ(store->lease_port(tenant, Port(20000), at(600), t0), Port(20001));
  store->due(whenever, 10);
  ASSERT_TRUE(store->claim(id_of(1), {"one", at(9000)}, at(8000)));
  store->overview(at(8000), t0);
  EXPECT_EQ(store->ports(t0).size(), 2u) << "the hold is not over";
  EXPECT_EQ(error_of([&] { store->lease_port(tenant, Port(20001), at(700), at(1)); }), ErrorKind::limited);
}

TEST_P(StoreContract, WithoutAFreePortARefusalChangesNothing) {
  open(20000, 20000);
  const Tenant tenant = create(1);
  EXPECT_EQ(error_of([&] { store->lease_port(tenant, Port(20000), at(600), t0); }), ErrorKind::limited);
  const auto ports = store->ports(t0);
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].status, PortStatus::leased);
  EXPECT_EQ(ports[0].tenant_id, id_of(1));
}

TEST_P(StoreContract, ARefusedPortOfAnotherTenantStaysItsOwn) {
  const Tenant first = create(1);
  const Tenant second = create(2);
  EXPECT_EQ(store->lease_port(second, *first.port, at(600), t0), *second.port);
  EXPECT_EQ(port_of(id_of(1)), *first.port);
}

TEST_P(StoreContract, SaveReleasesStrayPorts) {
  Tenant tenant = create(1);
  const auto second = store->lease_port(tenant, *tenant.port, at(600), t0);
  // The row has not heard of its new port: the lease is a stray.
  Tenant request = *store->find(id_of(1));
  ASSERT_TRUE(store->save(request, {}, std::nullopt));
  EXPECT_EQ(port_of(id_of(1)), Port(0));
  // The worker, who lost against that save, does its work again.
  tenant = request;
  const auto third = store->lease_port(tenant, std::nullopt, at(600), t0);
  EXPECT_NE(third, second) << "the port longest unused is another";
  tenant.port = third;
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  EXPECT_EQ(port_of(id_of(1)), *third);
}

TEST_P(StoreContract, ThePortLongestUnusedIsNext) {
  open(20000, 20003);
  Tenant a = create(1), b = create(2), c = create(3);  // 20000, 20001, 20002
  b.updated_at = at(10);
  destroy(b);
  a.updated_at = at(30);
  destroy(a);
  EXPECT_EQ(std::get<Created>(store->sign_up(wanted(4, "u4", "s4"), at(50))).tenant.port, Port(20003));  // never used
  EXPECT_EQ(std::get<Created>(store->sign_up(wanted(5, "u5", "s5"), at(50))).tenant.port, Port(20001));
  EXPECT_EQ(std::get<Created>(store->sign_up(wanted(6, "u6", "s6"), at(50))).tenant.port, Port(20000));
}

TEST_P(StoreContract, ADeletedTenantGetsNoPort) {
  const Tenant tenant = destroy(create(1));
  EXPECT_EQ(error_of([&] { store->lease_port(tenant, std::nullopt, at(600), t0); }), ErrorKind::not_found);
  EXPECT_THAT(store->ports(t0), IsEmpty());
}

// One that read the row before it was settled otherwise, and was frozen for longer than its lease.
TEST_P(StoreContract, ALateWorkerLeavesNoLeaseAndNoHold) {
  for (const Status status : {Status::suspended, Status::failed, Status::deleted}) {
    open(20000, 20009);
    const Tenant late = create(1);
    Tenant settled = late;
    settled.status = status;
    settled.port.reset();
    ASSERT_TRUE(store->save(settled, {}, std::nullopt));
    EXPECT_EQ(store->lease_port(late, std::nullopt, at(600), t0), std::nullopt) << to_string(status);
    EXPECT_EQ(store->lease_port(late, Port(20000), at(600), t0), std::nullopt) << to_string(status);
    EXPECT_THAT(store->ports(t0), IsEmpty()) << to_string(status);
  }
}

TEST_P(StoreContract, ATenantThatIsNotThereGetsNoPort) {
  Tenant tenant = create(1);
  tenant.id = id_of(2);
  EXPECT_EQ(store->lease_port(tenant, std::nullopt, at(600), t0), std::nullopt);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, WithoutARangePortsAreLearntFromTheRow) {
  open(0, 0);
  Tenant tenant = create(1);
  EXPECT_EQ(tenant.port, std::nullopt) << "the runtime chooses";
  EXPECT_THAT(store->ports(t0), IsEmpty());
  EXPECT_EQ(error_of([&] { store->lease_port(tenant, std::nullopt, at(600), t0); }), ErrorKind::limited);

  tenant.port = Port(32'768);
  tenant.host = "203.0.113.9";
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  const auto ports = store->ports(t0);
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].port, Port(32'768));
  EXPECT_EQ(ports[0].host, "203.0.113.9");
  EXPECT_EQ(ports[0].status, PortStatus::leased);
  EXPECT_EQ(ports[0].tenant_id, id_of(1));
  EXPECT_EQ(ports[0].user_id, UserId("u1"));
  EXPECT_EQ(store->find(id_of(1))->host, "203.0.113.9");
  EXPECT_EQ(store->overview(t0, t0).ports_leased, 1u);

  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  EXPECT_EQ(store->ports(t0).size(), 1u) << "the same once more";
}

TEST_P(StoreContract, AnotherBootReleasesTheLearntPort) {
  open(0, 0);
  Tenant tenant = create(1);
  tenant.host = "203.0.113.9";
  for (const std::uint16_t port : {32'768, 32'770}) {
    tenant.port = Port(port);
    ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
    ASSERT_EQ(store->ports(t0).size(), 1u);
    EXPECT_EQ(store->ports(t0)[0].port, Port(port));
  }
  tenant.host = "203.0.113.10";
  ASSERT_TRUE(store->save(tenant, {}, std::nullopt));
  ASSERT_EQ(store->ports(t0).size(), 1u);
  EXPECT_EQ(store->ports(t0)[0].host, "203.0.113.10");
  destroy(tenant);
  EXPECT_THAT(store->ports(t0), IsEmpty());
}

TEST_P(StoreContract, ALearntPortIsOneTenantsOnEachHost) {
  open(0, 0);
  Tenant ann = create(1), bob = create(2);
  ann.port = bob.port = Port(32'768);
  ann.host = "203.0.113.9";
  bob.host = "203.0.113.10";
  ASSERT_TRUE(store->save(ann, {}, std::nullopt));
  ASSERT_TRUE(store->save(bob, {}, std::nullopt));
  EXPECT_EQ(store->ports(t0).size(), 2u) << "two machines";
  bob.host = "203.0.113.9";  // ann's instance has ended, and its port was given to bob's
  ASSERT_TRUE(store->save(bob, {}, std::nullopt));
  ASSERT_EQ(store->ports(t0).size(), 1u);
  EXPECT_EQ(store->ports(t0)[0].tenant_id, id_of(2));
  ann.port.reset();
  ASSERT_TRUE(store->save(ann, {}, std::nullopt));
  ASSERT_EQ(store->ports(t0).size(), 1u) << "which is none of ann's";
  EXPECT_EQ(store->ports(t0)[0].tenant_id, id_of(2));
}

TEST_P(StoreContract, AFailedTenantGetsNoPort) {
  Tenant tenant = create(1);
  tenant.status = Status::failed;
  tenant.port.reset();
  ASSERT_TRUE(store->save(tenant, {}, {}));
  EXPECT_EQ(error_of([&] { store->lease_port(tenant, std::nullopt, at(600), t0); }), ErrorKind::not_found);
  EXPECT_THAT(store->ports(t0), IsEmpty());
  tenant.status = Status::provisioning;  // tried again
  ASSERT_TRUE(store->save(tenant, {}, {}));
  store->lease_port(tenant, std::nullopt, at(600), t0);
  EXPECT_EQ(store->ports(t0).size(), 1u);
}

TEST_P(StoreContract, RacingLeasesGiveDifferentPorts) {
  open(20000, 20031);
  std::vector<Tenant> tenants;
  for (int n = 0; n < 16; ++n) tenants.push_back(create(n));
  at_once(16, [&](int i) {
    const Tenant& tenant = tenants[static_cast<std::size_t>(i)];
    store->lease_port(tenant, *tenant.port, at(600), t0);
  });
  std::set<Port> leased;
  std::set<TenantId> owners;
  for (const PortLease& lease : store->ports(t0)) {
    if (lease.status != PortStatus::leased) continue;
    leased.insert(lease.port);
    owners.insert(lease.tenant_id);
  }
  EXPECT_EQ(leased.size(), 16u);
  EXPECT_EQ(owners.size(), 16u);
  EXPECT_EQ(store->ports(t0).size(), 32u) << "sixteen are held, sixteen leased";
}

}  // namespace slipway::test
