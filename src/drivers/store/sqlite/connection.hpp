#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/strong.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::sqlite {

// One connection to a ledger's file, used by one thread at a time, with its prepared statements.
class Connection {
 public:
  // A `read` connection refuses to write.
  enum class Mode { read, write };

  // Opens a file that exists. Throws Error(unavailable) where it cannot.
  Connection(std::string path, Mode mode, Millis busy_timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs statements that give no rows and are not worth keeping.
  void execute(const char* script);

  // Runs one kept statement to its end. Returns the number of rows it changed.
  template <class... Args>
  std::int64_t run(std::string_view sql, const Args&... args);

  bool in_transaction() const;
  void rollback() noexcept;  // nothing where no transaction is open

  // Pages in the write-ahead log after the last commit of this connection.
  int wal_pages() const { return wal_pages_; }
  // Moves the log into the file as far as readers allow; never waits. What it leaves, the next one takes.
  void checkpoint() noexcept;

  sqlite3* raw() const { return db_; }
  const std::string& path() const { return path_; }

  // The Error for SQLite's result `code`: what was tried is the ledger's path, what came back, what to do.
  Error error(int code) const;

 private:
  friend class Query;
  std::int64_t changes() const;
  // `sql` must live as long as the connection: it is a constant.
  sqlite3_stmt* prepared(std::string_view sql);

  std::string path_;
  sqlite3* db_ = nullptr;
  int wal_pages_ = 0;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;
};

// A kept statement in use: bound from the first parameter on, stepped row by row, reset at the end of the scope.
class Query {
 public:
  template <class... Args>
  Query(Connection& connection, std::string_view sql, const Args&... args) : Query(connection, sql, Prepared()) {
    int index = 0;
    (bind(++index, args), ...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool step();  // true: there is a row

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::optional<TimePoint> time(int column) const;

 private:
  struct Prepared {};
  Query(Connection& connection, std::string_view sql, Prepared);

  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  template <std::integral T>
  void bind(int index, T value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  void bind_integer(int index, std::int64_t value);
  void bind(int index, TimePoint value) { bind_integer(index, value.time_since_epoch().count()); }
  void bind_null(int index);
  template <class Tag, class T>
  void bind(int index, const Strong<Tag, T>& value) {
    bind(index, value.value());
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind_null(index);
  }
  void check(int code) const;

  Connection& connection_;
  sqlite3_stmt* statement_;
};

template <class... Args>
std::int64_t Connection::run(std::string_view sql, const Args&... args) {
  Query query(*this, sql, args...);
  while (query.step()) {
  }
  return changes();
}

}  // namespace slipway::sqlite
