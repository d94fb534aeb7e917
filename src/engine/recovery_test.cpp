// What a crash, a write in between or a clock that is set back must not leave behind.
#include <gmock/gmock.h>

#include "engine/engine.hpp"
#include "engine/test_world.hpp"

namespace slipway {
namespace {

using test::TestWorld;

// Does something once, right after the next lease of a port.
struct InterruptedStore : test::MemoryStore {
  using MemoryStore::MemoryStore;
  std::function<void()> after_lease;

  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override {
    const auto port = MemoryStore::lease_port(tenant, refused, held_until, now);
    if (const auto interrupt = std::exchange(after_lease, nullptr)) interrupt();
    return port;
  }
};

TEST(Recovery, ATenantThatWasBeingHealedWhenTheProcessDiedIsDue) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  ASSERT_EQ(w.tenant(id).due_at, std::nullopt);
  w.runtime.kill(id);
  w.probe.never_ready(id);
  w.look(id);  // started again and asked once; here the process dies
  EXPECT_EQ(w.tenant(id).status, Status::healing);
  w.store.break_leases();
  EXPECT_THAT(w.store.due(w.clock.now(), 10), testing::ElementsAre(id));
}

TEST(Recovery, APortThatAnotherWriteGaveBackIsLeasedAnew) {
  TestWorld w;
  InterruptedStore store(Port(20'000), Port(20'009));
  const World world{store, w.runtime, w.database, w.mailer, w.probe, w.clock, w.random};
  Reconciler reconciler(world, w.settings, w.watch, Log::silent());
  Tenants tenants(world, w.settings, [](const TenantId&) {});
  const auto look = [&](const TenantId& id) {
    auto tenant = store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
    return reconciler.reconcile(tenant.value(), "w1");
  };
  const auto sign_up = [&](const std::string& slug) {
    return std::get<Created>(tenants.sign_up(TestWorld::sign_up_of(slug), {}, "hash")).tenant.id;
  };
  const TenantId id = sign_up("acme");
  Tenant failed = store.find(id).value();
  failed.failure = "no such image";
  ASSERT_TRUE(store.save(failed, {}, {}));
  look(id);
  ASSERT_EQ(store.find(id)->status, Status::failed);
  tenants.change(id, Action::retry);
  // Another request writes the row while the port is leased but not written down yet; it has the row without a port.
  store.after_lease = [&] { tenants.change(id, Action::retry); };
  look(id);
  const Tenant tenant = store.find(id).value();
  ASSERT_EQ(tenant.status, Status::active) << tenant.reason;
  const auto ports = store.ports(w.clock.now());
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports.at(0).port, tenant.port.value());
  EXPECT_EQ(ports.at(0).tenant_id, id);
  EXPECT_EQ(w.runtime.listener(tenant.port.value()), id);
}

TEST(Recovery, AStartWakesThoseWhoWaitByAClockThatWasSetBack) {
  Settings settings = test::test_settings();
  settings.workers = 1;
  const SystemClock clock;
  TestWorld w(settings);
  Tenant tenant = w.tenant(w.sign_up("acme"));
  tenant.due_at = clock.now() + std::chrono::hours(5);
  tenant.attempts[Step::create_database] = {1, clock.now() + std::chrono::hours(5), clock.now() + std::chrono::hours(5),
                                            "down"};
  ASSERT_TRUE(w.store.save(tenant, {}, {}));
  const World world{w.store, w.runtime, w.database, w.mailer, w.probe, clock, w.random};
  Engine engine(world, settings, "test", nullptr, Log::silent());
  engine.start();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (w.tenant(tenant.id).status != Status::active && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_EQ(w.tenant(tenant.id).status, Status::active);
  engine.stop();
}

}  // namespace
}  // namespace slipway
