#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

struct pg_conn;
struct pg_result;

namespace automation {

// What Postgres said no to, with its five-character SQLSTATE (empty when the connection itself failed).
struct DatabaseError : std::runtime_error {
  DatabaseError(const std::string& message, std::string state)
      : std::runtime_error(message), sqlstate(std::move(state)) {}
  std::string sqlstate;
};

// The rows of one answer; every value is text, as Postgres wrote it.
class Rows {
 public:
  explicit Rows(pg_result* result);
  int size() const;
  int affected() const;
  bool null(int row, int column) const;
  std::string text(int row, int column) const;
  long long number(int row, int column) const;

 private:
  std::shared_ptr<pg_result> result_;
};

// One connection to Postgres, shared by threads one statement at a time. A connection that broke is made anew by the
// next statement; each statement and each attempt to connect has a time limit.
class Database {
 public:
  explicit Database(std::string url);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs one statement with $1, $2, … given as text. Throws DatabaseError.
  Rows run(const char* sql, const std::vector<std::string>& values = {});
  // Runs the statements as one transaction.
  void run_all(const std::vector<std::string>& statements);

 private:
  void connect();
  Rows run_locked(const char* sql, const std::vector<std::string>& values);

  std::string url_;
  std::mutex mutex_;
  pg_conn* connection_ = nullptr;
};

// Brings the schema to the newest version. Two instances that start at once wait for each other. Throws DatabaseError,
// and std::runtime_error for a schema newer than this program.
void migrate(Database& database);

}  // namespace automation
