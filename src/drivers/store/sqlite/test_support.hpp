#pragma once
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "drivers/store/sqlite/connection.hpp"
#include "drivers/store/sqlite/sqlite_store.hpp"

// What the tests of this folder share.
namespace slipway::sqlite::test {

constexpr TimePoint t0{Millis(1'800'000'000'000)};

// A new folder that is gone at the end of the scope.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-sqlite-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for the test");
    folder = name;
  }
  ~Scratch() { std::filesystem::remove_all(folder); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path(const std::string& name = "ledger.db") const { return (folder / name).string(); }

  std::filesystem::path folder;
};

// Ids ascend with `n`, for all n in 0..999,999,999.
inline TenantId id_of(int n) { return TenantId("t_00000000000" + std::to_string(1'000'000'000 + n).substr(1)); }

// A sign-up of user "u<n>" at "s<n>".
inline NewTenant wanted(int n) {
  NewTenant w;
  const std::string digits = std::to_string(n);
  w.tenant.id = id_of(n);
  w.tenant.sign_up.user_id = UserId("u" + digits);
  w.tenant.sign_up.slug = Slug("s" + digits);
  w.tenant.sign_up.plan = PlanName("default");
  w.tenant.created_at = w.tenant.updated_at = t0;
  w.tenant.due_at = t0;
  w.key = IdempotencyKey("k" + digits);
  w.body_hash = "body";
  w.event = {0, t0, "signed_up", "", "signed up", std::nullopt};
  return w;
}

inline Tenant create(Store& store, int n) { return std::get<Created>(store.sign_up(wanted(n), t0)).tenant; }

// SQLite's own verdict on the file: "ok".
inline std::string integrity(const std::string& path) {
  Connection ledger(path, Connection::Mode::read, Millis(5'000));
  Query query(ledger, "PRAGMA integrity_check");
  return query.step() ? query.text(0) : "";
}

template <class F>
std::optional<Error> error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace slipway::sqlite::test
