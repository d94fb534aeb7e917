#pragma once
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "engine/reconciler.hpp"
#include "engine/tenants.hpp"
#include "tests/fakes/fake_database.hpp"
#include "tests/fakes/fake_mailer.hpp"
#include "tests/fakes/fake_probe.hpp"
#include "tests/fakes/fake_runtime.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/memory_store.hpp"

namespace slipway::test {

inline Settings test_settings() {
  Settings s;
  s.app.image = "shop:1";
  s.app.health_path = "/healthz";
  s.app.env = {{"DATABASE_URL", "{{ db.url }}"}, {"COMPANY", "{{ company_name }}"}};
  s.plans["default"] = Plan{};
  s.access.domain = "localhost";
  s.mail.from = "shop@example.com";
  s.mail.operator_address = "ops@example.com";
  for (const auto& language : mail_languages()) {
    for (const auto& purpose : mail_purposes()) {
      s.mail.templates[language + "/" + purpose] = shipped_template(language, purpose);
    }
  }
  s.reserved_slugs = default_reserved_slugs();
  return s;
}

// A whole Slipway of fakes with a clock turned by hand and no threads: `settle` does what the engine's threads would.
class TestWorld {
 public:
  explicit TestWorld(Settings chosen = test_settings(), Port first = Port(20'000), Port last = Port(20'009))
      : settings(std::move(chosen)), store(first, last) {}

  Settings settings;
  ManualClock clock;
  SeededRandom random{42};
  MemoryStore store;
  FakeRuntime runtime{store.installation()};
  FakeDatabase database{store.installation()};
  FakeMailer mailer;
  FakeProbe probe{runtime};
  World world{store, runtime, database, mailer, probe, clock, random, nullptr, &runtime};
  Watch watch;
  Reconciler reconciler{world, settings, watch, Log::silent()};
  Tenants tenants{world, settings, [](const TenantId&) {}};

  static SignUp sign_up_of(const std::string& slug) {
    return {UserId("user-" + slug),     Slug(slug),          EmailAddress("admin@" + slug + ".example"),
            CompanyName(slug + " Inc"), PlanName("default"), {}};
  }

  TenantId sign_up(const std::string& slug) {
    return std::get<Created>(tenants.sign_up(sign_up_of(slug), {}, "hash")).tenant.id;
  }

  // One whose first provisioning failed for want of its image, which is there now, and that is asked for again.
  TenantId sign_up_to_be_retried(const std::string& slug) {
    runtime.remove_image("shop:1");
    const TenantId id = sign_up(slug);
    settle(id);
    EXPECT_EQ(tenant(id).status, Status::failed);
    runtime.add_image("shop:1");
    tenants.change(id, Action::retry);
    return id;
  }

  // One look at the tenant, as a worker does it.
  Reconciler::Outcome look(const TenantId& id, const std::string& owner = "w1") {
    auto tenant = store.claim(id, {owner, clock.now() + lease_time}, clock.now());
    if (!tenant) return {};
    return reconciler.reconcile(*tenant, owner);
  }

  // Looks again whenever the tenant falls due, until nothing is owed or `budget` of the clock's time has gone.
  void settle(const TenantId& id, Millis budget = Millis(3'600'000)) {
    const TimePoint end = clock.now() + budget;
    while (true) {
      const auto outcome = look(id);
      if (!outcome.again || *outcome.again > end) return;
      clock.advance_to(*outcome.again);
    }
  }

  Tenant tenant(const TenantId& id) { return store.find(id).value(); }

  std::vector<std::string> timeline(const TenantId& id, const std::string& kind) {
    std::vector<std::string> lines;
    for (const Event& e : store.events(id, 0, 1'000)) {
      if (e.kind == kind) lines.push_back(e.message);
    }
    return lines;
  }

  bool nothing_left(const TenantId& id) {
    for (const Resource& r : runtime.resources()) {
      if (r.tenant == id) return false;
    }
    for (const PortLease& lease : store.ports(clock.now())) {
      if (lease.tenant_id == id) return false;
    }
    return database.leaves_nothing(id);
  }
};

// The promise, as the world shows it: one of each.
inline void expect_active_once(TestWorld& w, const TenantId& id) {
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::active) << t.reason;
  EXPECT_TRUE(w.database.exists(id));
  EXPECT_EQ(w.runtime.instances().size(), 1u);
  EXPECT_EQ(w.runtime.listener(t.port.value()), id);
  EXPECT_EQ(w.mailer.count(), 1u);
  EXPECT_EQ(t.due_at, std::nullopt);
  EXPECT_EQ(t.reason, "");
}

}  // namespace slipway::test
