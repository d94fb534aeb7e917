#include "drivers/store/sqlite/connection.hpp"

#include <sqlite3.h>

namespace slipway::sqlite {
namespace {

// An idle control plane has few megabytes in all; the operating system caches the file anyway.
constexpr const char* common_settings =
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA trusted_schema=OFF;";
constexpr const char* write_settings = "PRAGMA cache_size=-1024; PRAGMA synchronous=FULL;";
constexpr const char* read_settings = "PRAGMA cache_size=-512; PRAGMA query_only=ON;";

// What SQLite's result means for the one who has to act on it.
struct Advice {
  ErrorKind kind;
  const char* words;
};

Advice advice_for(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::unavailable, "another process keeps it locked; try again, and see who has it open (fuser)"};
    case SQLITE_FULL:
      return {ErrorKind::unavailable, "nothing was written; free space on its disk (or raise the quota) and try again"};
    case SQLITE_IOERR:
      return {ErrorKind::unavailable,
              "nothing was written; check its disk (space, quota, limits, kernel log) and try again"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {ErrorKind::unavailable, "its file and folder must be readable and writable for this user"};
    case SQLITE_NOMEM:
      return {ErrorKind::unavailable, "the machine is out of memory; try again"};
    case SQLITE_NOTADB:
      return {ErrorKind::internal, "this file is no SQLite database; configure another path or move it away"};
    case SQLITE_CORRUPT:
      return {ErrorKind::internal, "the ledger is damaged; stop Slipway, keep the file, and restore a backup"};
    case SQLITE_CONSTRAINT:
      return {ErrorKind::conflict, "the write breaks a rule of the ledger and was not made"};
    default:
      return {ErrorKind::internal, "this is unexpected; please report it"};
  }
}

}  // namespace

Connection::Connection(std::string path, Mode mode, Millis busy_timeout) : path_(std::move(path)) {
  // A read connection is opened for writing too: a reader of a write-ahead log takes part in its shared index.
  const int opened = sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    if (opened != SQLITE_OK) throw error(opened);
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, static_cast<int>(busy_timeout.count()));
    execute(common_settings);
    execute(mode == Mode::write ? write_settings : read_settings);
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
  // In place of SQLite's own checkpoint inside COMMIT, which would keep callers waiting for more than their commit.
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

Connection::~Connection() {
  for (const auto& entry : statements_) sqlite3_finalize(entry.second);
  sqlite3_close(db_);
}

void Connection::execute(const char* script) {
  const int code = sqlite3_exec(db_, script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw error(code);
}

std::int64_t Connection::changes() const { return sqlite3_changes64(db_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

void Connection::rollback() noexcept {
  if (in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Connection::checkpoint() noexcept {
  sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  wal_pages_ = 0;
}

Error Connection::error(int code) const {
  const Advice advice = advice_for(code);
  const std::string came_back = db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
  return Error(advice.kind,
               "ledger " + path_ + ": " + came_back + " (SQLite " + std::to_string(code) + "): " + advice.words);
}

sqlite3_stmt* Connection::prepared(std::string_view sql) {
  const auto kept = statements_.find(sql);
  if (kept != statements_.end()) return kept->second;
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) throw error(code);
  statements_.emplace(sql, statement);
  return statement;
}

Query::Query(Connection& connection, std::string_view sql, Prepared)
    : connection_(connection), statement_(connection.prepared(sql)) {}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw connection_.error(code);
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<TimePoint> Query::time(int column) const {
  if (is_null(column)) return std::nullopt;
  return TimePoint(Millis(integer(column)));
}

void Query::bind(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();  // which SQLite would take for NULL
  check(sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind_integer(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }

void Query::bind_null(int index) { check(sqlite3_bind_null(statement_, index)); }

void Query::check(int code) const {
  if (code != SQLITE_OK) throw connection_.error(code);
}

}  // namespace slipway::sqlite
