// slipway_bench_commits FOLDER SECONDS: two floors of accepting a sign-up, as JSON.
//   commit_ms   one durable SQLite commit of one row of a tenant's size (write-ahead log, synchronous=FULL), median
//   sign_up_ms  one sign-up through Slipway's store by a lone writer: a commit for each, median
// Both are measured in turn, so that the disk's moods meet both.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "drivers/store/sqlite/sqlite_store.hpp"

namespace slipway {
namespace {

using Steady = std::chrono::steady_clock;

double ms_since(Steady::time_point began) {
  return std::chrono::duration<double, std::milli>(Steady::now() - began).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// SQLite alone, without Slipway's code around it.
class Rows {
 public:
  explicit Rows(const std::string& file) {
    check(sqlite3_open(file.c_str(), &db_));
    check(sqlite3_exec(db_,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                       "CREATE TABLE rows (id INTEGER PRIMARY KEY, doc TEXT)",
                       nullptr, nullptr, nullptr));
    check(sqlite3_prepare_v2(db_, "INSERT INTO rows (doc) VALUES (?1)", -1, &insert_, nullptr));
  }
  ~Rows() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void commit() {
    check(sqlite3_bind_text(insert_, 1, doc_.data(), static_cast<int>(doc_.size()), SQLITE_STATIC));
    if (sqlite3_step(insert_) != SQLITE_DONE) check(SQLITE_ERROR);
    check(sqlite3_reset(insert_));
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) throw Error(ErrorKind::internal, fmt::format("commit: {}", sqlite3_errmsg(db_)));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::string doc_ = std::string(700, 'd');
};

NewTenant sign_up_of(int number, TimePoint now, Random& random) {
  NewTenant wanted;
  wanted.tenant.id = TenantId(new_id("t_", now, random));
  wanted.tenant.sign_up.user_id = UserId(fmt::format("u-{}", number));
  wanted.tenant.sign_up.slug = Slug(fmt::format("s-{}", number));
  wanted.tenant.sign_up.admin_email = EmailAddress("bench@example.com");
  wanted.tenant.sign_up.company_name = CompanyName("Bench");
  wanted.tenant.sign_up.plan = PlanName("default");
  wanted.tenant.created_at = wanted.tenant.updated_at = now;
  wanted.event = {0, now, "signed_up", "", "sign-up accepted", std::nullopt};
  wanted.audit = AuditEntry{0, now, "bench", "POST /provision", wanted.tenant.id.value(), "127.0.0.1", "r_bench"};
  return wanted;
}

void measure(const std::filesystem::path& folder, double seconds) {
  Rows rows((folder / "floor.db").string());
  sqlite::SqliteStore store((folder / "ledger.db").string(), {Port(10'000), Port(60'000), Millis(5'000)});
  SystemRandom random;
  std::vector<double> commits, sign_ups;
  const auto end = Steady::now() + std::chrono::duration<double>(seconds);
  for (int number = 0; Steady::now() < end && number < 50'000; ++number) {
    auto began = Steady::now();
    rows.commit();
    commits.push_back(ms_since(began));
    const TimePoint now = SystemClock().now();
    const NewTenant wanted = sign_up_of(number, now, random);
    began = Steady::now();
    store.sign_up(wanted, now);
    sign_ups.push_back(ms_since(began));
  }
  fmt::print(R"({{"commit_ms": {:.4f}, "sign_up_ms": {:.4f}, "n": {}}})"
             "\n",
             median(commits), median(sign_ups), commits.size());
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} FOLDER SECONDS\n", argv[0]);
    return 2;
  }
  try {
    slipway::measure(argv[1], std::atof(argv[2]));
  } catch (const slipway::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
