#include "database.hpp"

#include <libpq-fe.h>

#include <cstdlib>

namespace automation {

namespace {

constexpr const char* kConnectSeconds = "3";
constexpr const char* kOptions = "-c statement_timeout=5s -c client_min_messages=warning";

std::string without_line_end(const char* text) {
  std::string out = text ? text : "";
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

Rows::Rows(pg_result* result) : result_(result, PQclear) {}
int Rows::size() const { return PQntuples(result_.get()); }
int Rows::affected() const { return std::atoi(PQcmdTuples(result_.get())); }
bool Rows::null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
std::string Rows::text(int row, int column) const { return PQgetvalue(result_.get(), row, column); }
long long Rows::number(int row, int column) const { return std::atoll(PQgetvalue(result_.get(), row, column)); }

Database::Database(std::string url) : url_(std::move(url)) {}
Database::~Database() { PQfinish(connection_); }

void Database::connect() {
  if (connection_ && PQstatus(connection_) == CONNECTION_OK) return;
  PQfinish(connection_);
  // The URL comes last, so that what it says wins; tcp_user_timeout bounds a peer that vanished.
  const char* names[] = {"connect_timeout", "tcp_user_timeout", "application_name", "options", "dbname", nullptr};
  const char* values[] = {kConnectSeconds, "5000", "automation-app", kOptions, url_.c_str(), nullptr};
  connection_ = PQconnectdbParams(names, values, 1);
  if (PQstatus(connection_) != CONNECTION_OK) {
    throw DatabaseError("connect to Postgres: " + without_line_end(PQerrorMessage(connection_)), "");
  }
}

Rows Database::run_locked(const char* sql, const std::vector<std::string>& values) {
  std::vector<const char*> pointers;
  pointers.reserve(values.size());
  for (const std::string& value : values) pointers.push_back(value.c_str());
  pg_result* result =
      PQexecParams(connection_, sql, static_cast<int>(pointers.size()), nullptr, pointers.data(), nullptr, nullptr, 0);
  Rows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return rows;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  throw DatabaseError(without_line_end(PQerrorMessage(connection_)), state ? state : "");
}

Rows Database::run(const char* sql, const std::vector<std::string>& values) {
  const std::lock_guard lock(mutex_);
  connect();
  try {
    return run_locked(sql, values);
  } catch (const DatabaseError&) {
    // Postgres was restarted since the last statement. At worst an entry of a job's history is written twice.
    const bool lost = PQstatus(connection_) != CONNECTION_OK;
    if (!lost) throw;
    connect();
    return run_locked(sql, values);
  }
}

void Database::run_all(const std::vector<std::string>& statements) {
  const std::lock_guard lock(mutex_);
  connect();
  run_locked("BEGIN", {});
  try {
    for (const std::string& statement : statements) run_locked(statement.c_str(), {});
    run_locked("COMMIT", {});
  } catch (const DatabaseError&) {
    PQclear(PQexec(connection_, "ROLLBACK"));
    throw;
  }
}

}  // namespace automation
