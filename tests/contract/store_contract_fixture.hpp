#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "contracts/idempotency.hpp"
#include "contracts/store.hpp"

namespace slipway::test {

using testing::ElementsAre;
using testing::IsEmpty;

// How one driver makes a new, empty ledger with this range of ports; `scratch` is an empty folder of the test's own.
struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path& scratch, Port first, Port last)> make;
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

// What every Store promises. A driver runs the suite by INSTANTIATE_TEST_SUITE_P(…, StoreContract, …).
class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  static constexpr TimePoint t0{Millis(1'800'000'000'000)};
  static TimePoint at(int seconds) { return t0 + std::chrono::seconds(seconds); }

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    scratch_ = name;
    open(20000, 20009);
  }
  void TearDown() override {
    store.reset();
    std::filesystem::remove_all(scratch_);
  }

  // Replaces `store` by a new, empty one.
  void open(std::uint16_t first_port, std::uint16_t last_port) {
    const auto folder = scratch_ / std::to_string(++opened_);
    std::filesystem::create_directory(folder);
    store = GetParam().make(folder, Port(first_port), Port(last_port));
  }

  // Ids ascend with `n`.
  static TenantId id_of(int n) {
    const std::string digits = std::to_string(n);
    return TenantId("t_" + std::string(20 - digits.size(), '0') + digits);
  }

  static NewTenant wanted(int n, const std::string& user, const std::string& slug, const std::string& key = "",
                          const std::string& body = "body") {
    NewTenant w;
    w.tenant.id = id_of(n);
    w.tenant.sign_up = {UserId(user),          Slug(slug),          EmailAddress("a@shop.example"),
                        CompanyName("Łódź ☕"), PlanName("default"), {{"source", "test"}}};
    w.tenant.created_at = w.tenant.updated_at = t0;
    w.tenant.image = "shop:1";
    w.tenant.due_at = t0;
    if (!key.empty()) w.key = IdempotencyKey(key);
    w.body_hash = body;
    w.event = {0, t0, "signed_up", "", "signed up", std::nullopt};
    return w;
  }

  // A new tenant of user "u<n>" at "s<n>".
  Tenant create(int n, const std::string& key = "") {
    const auto result = store->sign_up(wanted(n, "u" + std::to_string(n), "s" + std::to_string(n), key), t0);
    return std::get<Created>(result).tenant;
  }

  // What the engine writes when everything of a tenant is gone.
  Tenant destroy(Tenant tenant) {
    tenant.status = Status::deleted;
    tenant.desired = Desired::deleted;
    tenant.port.reset();
    tenant.due_at.reset();
    EXPECT_TRUE(store->save(tenant, {}, std::nullopt));
    return tenant;
  }

  Port port_of(const TenantId& id) {
    for (const PortLease& lease : store->ports(t0)) {
      if (lease.tenant_id == id) return lease.port;
    }
    return Port(0);
  }

  std::unique_ptr<Store> store;

 private:
  std::filesystem::path scratch_;
  int opened_ = 0;
};

// The kind of the Error that `f` throws.
template <class F>
std::optional<ErrorKind> error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

// A row as one text, for comparison.
inline std::string whole(const Tenant& t) {
  return to_document(t) + " version " + std::to_string(t.version) + " due " + (t.due_at ? to_rfc3339(*t.due_at) : "-");
}

// Runs `f(i)` for i in 0..count-1 at the same time, each on a thread of its own.
inline void at_once(int count, const std::function<void(int)>& f) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&f, i] { f(i); });
}

}  // namespace slipway::test
