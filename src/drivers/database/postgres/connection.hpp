#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "drivers/database/postgres/addresses.hpp"

struct pg_conn;
struct pg_result;

namespace slipway::postgres {

using Deadline = std::chrono::steady_clock::time_point;

// Rows as text; NULL is the empty text.
using Rows = std::vector<std::vector<std::string>>;

// Where a server is and who we are there: a URL or "keyword=value …" string, taken apart once.
class Target {
 public:
  // Throws Error(invalid) where libpq cannot read the string; never repeats any of it.
  explicit Target(Secret conninfo);
  // The same, but another database of that server.
  Target in(const std::string& database) const;

  const Secret& conninfo() const { return conninfo_; }
  const Secret& password() const { return password_; }
  // "127.0.0.1:5432": for error messages.
  const std::string& place() const { return place_; }
  const std::string& database() const { return database_; }  // empty: what the string says
  // Its names looked up. Throws unavailable.
  Addresses addresses(Deadline deadline) const;

 private:
  Secret conninfo_;
  Secret password_;
  std::string place_;
  std::string database_;
  Addresses said_;
  std::shared_ptr<net::Resolver> resolver_ = std::make_shared<net::Resolver>();  // bounds the look-ups that hang
};

// One session. Every call ends by its deadline; one that fails leaves a session that must not be used again. Not
// thread-safe. Errors: as server_error.hpp maps them, and unavailable where the server does not answer.
class Connection {
 public:
  // `options` go before whatever is set for the database or the role ("-c name=value …").
  Connection(const Target& target, Deadline deadline, Millis statement_timeout, const std::string& options = "");
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Runs one or more statements, separated by semicolons; the rows are those of the last that returned any.
  Rows run(const std::string& sql, Deadline deadline);
  // The same in two halves, for work to be done while the server is busy.
  void start(const std::string& sql, Deadline deadline);
  Rows finish(Deadline deadline);

  // False where the server has closed the session meanwhile, as far as can be known without asking it.
  bool usable();
  // True where the connection was lost during the last call.
  bool broken() const;

  int version() const;  // 150008: 15.8
  bool superuser() const;
  std::string identifier(std::string_view name) const;
  std::string literal(std::string_view text) const;
  // What the server is told instead of the password: a salted SCRAM-SHA-256 verifier, made here. Sends nothing.
  Secret verifier(const std::string& user, const Secret& password) const;

 private:
  struct CloseConnection {
    void operator()(pg_conn* connection) const;
  };

  void connect(Deadline deadline, const std::string& options);
  void flush(Deadline deadline);
  Rows rows_of(const pg_result* result) const;
  [[noreturn]] void fail_statement(const pg_result* result) const;
  [[noreturn]] void fail_lost(std::string_view what) const;

  const Target& target_;
  std::unique_ptr<pg_conn, CloseConnection> connection_;
};

}  // namespace slipway::postgres
