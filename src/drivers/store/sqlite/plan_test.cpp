#include <gmock/gmock.h>

#include <set>

#include "drivers/store/sqlite/test_support.hpp"

// The cost of what the store asks of SQLite, seen by SQLite itself.
namespace slipway::sqlite::test {
namespace {

// Watches every statement that any connection runs while it lives.
class Watch {
 public:
  Watch() {
    here_ = this;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(attach));
  }
  ~Watch() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(attach));
    here_ = nullptr;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Forgets what was seen.
  void clear() {
    std::lock_guard lock(mutex_);
    statements_.clear();
    steps_ = 0;
  }
  std::set<std::string> statements() {
    std::lock_guard lock(mutex_);
    return statements_;
  }
  // Of SQLite's virtual machine: a measure of work that no other load disturbs.
  std::int64_t steps() {
    std::lock_guard lock(mutex_);
    return steps_;
  }

 private:
  static int attach(sqlite3* db, const char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, seen, nullptr);
  }
  static int seen(unsigned, void*, void* statement, void*) {
    auto* done = static_cast<sqlite3_stmt*>(statement);
    if (here_ == nullptr) return 0;
    std::lock_guard lock(here_->mutex_);
    here_->statements_.insert(sqlite3_sql(done));
    here_->steps_ += sqlite3_stmt_status(done, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
  }

  static inline Watch* here_ = nullptr;  // SQLite's hook for new connections carries no context
  std::mutex mutex_;
  std::set<std::string> statements_;
  std::int64_t steps_ = 0;
};

// Every call of the store, in each of its cases that run statements of their own.
void call_everything(SqliteStore& store) {
  Tenant tenant = create(store, 1);
  create(store, 2);
  store.sign_up(wanted(1), t0);
  NewTenant same_user = wanted(1);
  same_user.key = IdempotencyKey("new");
  store.sign_up(same_user, t0);
  NewTenant no_key = wanted(3);
  no_key.key.reset();
  store.sign_up(no_key, t0);
  store.find(id_of(1));
  store.find_slug(Slug("s1"));
  store.list({});
  store.list({Status::active, "", 10});
  store.list({.newest_first = true});
  store.ids(Status::active, "", 10);
  store.claim(id_of(1), {"one", t0}, t0);
  store.due(t0, 10);
  store.next_due();
  tenant.port = store.lease_port(tenant, tenant.port, t0 + Millis(10), t0);
  store.save(tenant, {{0, t0, "status", "", "saved", {}}}, Holder{"one", true});
  tenant.port.reset();
  store.save(tenant, {}, std::nullopt);
  store.ports(t0);
  store.events(id_of(1), 0, 10);
  store.events(id_of(1), 1, 10);
  store.append(id_of(1), {0, t0, "progress", "", "x", {}});
  store.overview(t0, t0 - Millis(1));
  store.installation();
  store.break_leases();
  store.add_key({KeyId("k_1"), "one", Scope::admin, "hash", t0, std::nullopt});
  store.find_key("hash");
  store.revoke_key(KeyId("k_1"), t0);
  store.record({0, t0, "k_1", "POST /x", "t_1", "unix", "r_1"});
  store.audit({});
  store.audit({"t_1", 0, 10});
  Object release{"release", "r_1", "shop:1"};
  store.put(release);
  store.put(release);
  store.objects("release", "", 10);
  store.erase(release);
  store.object("release", "r_1");
}

std::vector<std::string> plan_of(Connection& ledger, const std::string& sql) {
  const std::string explain = "EXPLAIN QUERY PLAN " + sql;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(ledger.raw(), explain.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
  std::vector<std::string> lines;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    lines.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
  }
  sqlite3_finalize(statement);
  return lines;
}

// Each status's tenants are counted in the index of statuses: a walk past all of them, but past no document.
bool is_count(const std::string& line) { return line == "SCAN tenants USING COVERING INDEX tenants_status"; }

// Walks of an index that holds only the rows in question (partial), or that end after the first rows (LIMIT).
bool is_cheap(const std::string& line) {
  for (const char* index : {"ports_used", "ports_free", "tenants_leased", "tenants_due", "tenants_ready",
                            "tenants_mail_owed", "ports_held"}) {
    if (line.find(index) != std::string::npos) return true;
  }
  return line.find("SCAN") == std::string::npos && line.find("TEMP B-TREE") == std::string::npos;
}

TEST(Plan, EveryStatementIsAnsweredByAnIndex) {
  const Scratch scratch;
  std::set<std::string> statements;
  {
    Watch watch;
    SqliteStore store(scratch.path());
    watch.clear();
    call_everything(store);
    statements = watch.statements();
  }
  Connection ledger(scratch.path(), Connection::Mode::read, Millis(5'000));
  int explained = 0;
  for (const std::string& sql : statements) {
    if (sql.find("SELECT") == std::string::npos && sql.find("UPDATE") == std::string::npos &&
        sql.find("DELETE") == std::string::npos) {
      continue;
    }
    ++explained;
    for (const std::string& line : plan_of(ledger, sql))
      EXPECT_TRUE(is_cheap(line) || is_count(line)) << sql << "\n  " << line;
  }
  EXPECT_GE(explained, 27) << "the watch has missed statements";
}

TEST(Plan, TheIdsOfAStatusAreReadFromItsIndexAlone) {
  const Scratch scratch;
  Watch watch;
  SqliteStore store(scratch.path());
  create(store, 1);
  watch.clear();
  store.ids(Status::provisioning, "", 10);
  Connection ledger(scratch.path(), Connection::Mode::read, Millis(5'000));
  int asked = 0;
  for (const std::string& sql : watch.statements()) {
    if (sql.find("FROM tenants") == std::string::npos) continue;  // a new connection's settings
    ++asked;
    EXPECT_THAT(plan_of(ledger, sql), testing::ElementsAre(testing::HasSubstr("USING COVERING INDEX tenants_status")));
  }
  EXPECT_EQ(asked, 1);
}

std::int64_t steps_of_a_tenants_start(Watch& watch, SqliteStore& store, int n) {
  watch.clear();
  Tenant tenant = create(store, n);
  store.claim(tenant.id, {"one", t0 + Millis(10)}, t0);
  store.due(t0 - Millis(1), 10);
  store.next_due();
  tenant.due_at = t0 + Millis(5);
  store.save(tenant, {{0, t0, "status", "", "saved", {}}}, Holder{"one", true});
  store.append(tenant.id, {0, t0, "progress", "", "x", {}});
  return watch.steps();
}

TEST(Plan, ASignUpCostsTheSameAmongAHundredThousandTenants) {
  const Scratch scratch;
  Watch watch;
  SqliteStore store(scratch.path(), {Port(1), Port(60'000), Millis(60'000)});
  steps_of_a_tenants_start(watch, store, 0);
  const std::int64_t alone = steps_of_a_tenants_start(watch, store, 1);
  ASSERT_GT(alone, 100);
  {
    Connection bulk(scratch.path(), Connection::Mode::write, Millis(5'000));
    bulk.execute(R"sql(
      WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 101000)
      INSERT INTO tenants (id, user_id, slug, status, due_at, version, created_at, doc)
      SELECT printf('t_%020d', i), 'u' || i, 's' || i, CASE i % 4 WHEN 0 THEN 'deleted' ELSE 'active' END,
             CASE i % 3 WHEN 0 THEN 2000000000000 + i END, 1, 0, '{}' FROM n;
      UPDATE ports SET status = 'leased', tenant_id = 't_' || port, user_id = 'u' || port WHERE port < 50000 AND port > 9;
      INSERT INTO events (tenant_id, at, kind, step, message) SELECT id, 0, 'signed_up', '', 'x' FROM tenants;)sql");
  }
  const std::int64_t among_many = steps_of_a_tenants_start(watch, store, 2);
  EXPECT_LT(among_many, alone + alone / 10) << "alone " << alone;
}

}  // namespace
}  // namespace slipway::sqlite::test
