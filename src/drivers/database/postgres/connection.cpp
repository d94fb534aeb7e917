#include "drivers/database/postgres/connection.hpp"

#include <fmt/format.h>

#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>

#include "base/error.hpp"
#include "drivers/database/postgres/server_error.hpp"

namespace slipway::postgres {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

Options parse(const Secret& conninfo) { return {PQconninfoParse(conninfo.reveal().c_str(), nullptr), &PQconninfoFree}; }

// What is set where the conninfo does not say otherwise. The keepalives notice a machine that vanished while a session
// was idle; a call in progress has its deadline.
constexpr std::pair<std::string_view, const char*> defaults[] = {
    {"dbname", "postgres"},       {"application_name", "slipway"}, {"keepalives_idle", "10"},
    {"keepalives_interval", "5"}, {"keepalives_count", "3"},       {"tcp_user_timeout", "30000"},
    {"client_encoding", "UTF8"}};

// Waits until the socket is ready for `events`; false at the deadline.
bool wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) return false;
    pollfd entry{socket, events, 0};
    const int ready = poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

}  // namespace

Target::Target(Secret conninfo) : conninfo_(std::move(conninfo)) {
  const Options options = parse(conninfo_);
  if (!options) {
    throw Error(
        ErrorKind::invalid,
        "the Postgres connection string cannot be read; write it as postgresql://user:password@host:5432/postgres "
        "(with special characters of the password percent-encoded) or as \"host=… port=… user=… password=…\"");
  }
  std::string host = "localhost";
  std::string port = "5432";
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    const std::string value = option->val != nullptr ? option->val : "";
    if (value.empty()) continue;
    if (keyword == "host") said_.hosts = host = value;
    if (keyword == "hostaddr") said_.hostaddrs = value;
    if (keyword == "port") said_.ports = port = value;
    if (keyword == "password") password_ = Secret(value);
  }
  place_ = host + ":" + port;
}

Target Target::in(const std::string& database) const {
  Target other = *this;
  other.database_ = database;
  return other;
}

Addresses Target::addresses(Deadline deadline) const {
  if (said_.hosts.empty() || !said_.hostaddrs.empty()) return said_;
  return with_context("Postgres at " + place_, [&] { return look_up(*resolver_, said_.hosts, said_.ports, deadline); });
}

void Connection::CloseConnection::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(const Target& target, Deadline deadline, Millis statement_timeout, const std::string& options)
    : target_(target) {
  connect(deadline, options);
  // Names are looked up in the catalogue only, whatever the maintenance database holds.
  run(fmt::format("SET search_path = ''; SET statement_timeout = {}; SET client_min_messages = error",
                  statement_timeout.count()),
      deadline);
}

Connection::~Connection() = default;

void Connection::connect(Deadline deadline, const std::string& options_of_session) {
  const Options options = parse(target_.conninfo());
  const Addresses at = target_.addresses(deadline);
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const char* value = option->val != nullptr && *option->val != '\0' ? option->val : nullptr;
    for (const auto& [keyword, fallback] : defaults) {
      if (value == nullptr && keyword == option->keyword) value = fallback;
    }
    const std::string_view keyword = option->keyword;
    if (keyword == "dbname" && !target_.database().empty()) value = target_.database().c_str();
    if (keyword == "host" && !at.hosts.empty()) value = at.hosts.c_str();
    if (keyword == "hostaddr" && !at.hostaddrs.empty()) value = at.hostaddrs.c_str();
    if (keyword == "port" && !at.ports.empty()) value = at.ports.c_str();
    if (keyword == "options" && !options_of_session.empty()) value = options_of_session.c_str();
    if (value == nullptr) continue;
    keywords.push_back(option->keyword);
    values.push_back(value);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);

  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  PGconn* c = connection_.get();
  if (c == nullptr) throw Error(ErrorKind::unavailable, "Postgres: out of memory");
  PQsetNoticeProcessor(
      c, [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(c, PQERRORS_VERBOSE);

  PostgresPollingStatusType state = PQstatus(c) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    if (!wait_for(PQsocket(c), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      fail_lost("did not answer to a connection in time");
    }
    state = PQconnectPoll(c);
  }
  if (state == PGRES_POLLING_FAILED) {
    const ServerError error = parse_connect_error(PQerrorMessage(c));
    throw Error(kind_of_connect(error),
                fmt::format("Postgres at {}: {}", target_.place(), masked(error.text, target_.password())));
  }
  PQsetErrorVerbosity(c, PQERRORS_DEFAULT);
  PQsetnonblocking(c, 1);
}

Rows Connection::run(const std::string& sql, Deadline deadline) {
  start(sql, deadline);
  return finish(deadline);
}

void Connection::start(const std::string& sql, Deadline deadline) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) fail_lost("closed the connection");
  flush(deadline);
}

void Connection::flush(Deadline deadline) {
  PGconn* c = connection_.get();
  for (;;) {
    const int left = PQflush(c);
    if (left == 0) return;
    if (left < 0 || !wait_for(PQsocket(c), POLLIN | POLLOUT, deadline)) fail_lost("does not take a statement");
    if (PQconsumeInput(c) == 0) fail_lost("closed the connection");
  }
}

Rows Connection::finish(Deadline deadline) {
  PGconn* c = connection_.get();
  Rows rows;
  Result failure(nullptr, &PQclear);
  for (;;) {
    while (PQisBusy(c) != 0) {
      if (!wait_for(PQsocket(c), POLLIN, deadline)) fail_lost("did not answer in time");
      if (PQconsumeInput(c) == 0) fail_lost("closed the connection");
    }
    Result result(PQgetResult(c), &PQclear);
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) rows = rows_of(result.get());
    if ((status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) && !failure) failure = std::move(result);
  }
  if (failure) fail_statement(failure.get());
  return rows;
}

Rows Connection::rows_of(const pg_result* result) const {
  Rows rows(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result, row, column));
    }
  }
  return rows;
}

void Connection::fail_statement(const pg_result* result) const {
  const ServerError error{field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY)};
  if (error.sqlstate.empty()) fail_lost("closed the connection");
  // The statement itself is left out: it may hold a verifier.
  std::string text = error.text;
  if (const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) text += " (" + detail + ")";
  throw Error(kind_of_statement(error), fmt::format("Postgres at {}: {} [{}]", target_.place(),
                                                    masked(text, target_.password()), error.sqlstate));
}

void Connection::fail_lost(std::string_view what) const {
  throw Error(ErrorKind::unavailable, fmt::format("Postgres at {} {}", target_.place(), what));
}

bool Connection::usable() {
  PGconn* c = connection_.get();
  if (PQstatus(c) != CONNECTION_OK || PQtransactionStatus(c) != PQTRANS_IDLE) return false;
  // An idle session is spoken to only with a notice or a changed parameter, or with a last word before it ends.
  for (int reads = 0; reads < 16; ++reads) {
    pollfd entry{PQsocket(c), POLLIN, 0};
    if (poll(&entry, 1, 0) <= 0) return true;
    if (PQconsumeInput(c) == 0 || PQisBusy(c) != 0 || PQstatus(c) != CONNECTION_OK) return false;
  }
  return false;
}

bool Connection::broken() const { return PQstatus(connection_.get()) != CONNECTION_OK; }

int Connection::version() const { return PQserverVersion(connection_.get()); }

bool Connection::superuser() const {
  const char* answer = PQparameterStatus(connection_.get(), "is_superuser");
  return answer != nullptr && std::string_view(answer) == "on";
}

std::string Connection::identifier(std::string_view name) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
      PQescapeIdentifier(connection_.get(), name.data(), name.size()), &PQfreemem);
  if (!quoted) throw Error(ErrorKind::internal, "Postgres: a name cannot be quoted");
  return quoted.get();
}

std::string Connection::literal(std::string_view text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(PQescapeLiteral(connection_.get(), text.data(), text.size()),
                                                           &PQfreemem);
  if (!quoted) throw Error(ErrorKind::internal, "Postgres: a text cannot be quoted");
  return quoted.get();
}

Secret Connection::verifier(const std::string& user, const Secret& password) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> made(
      PQencryptPasswordConn(connection_.get(), password.reveal().c_str(), user.c_str(), "scram-sha-256"), &PQfreemem);
  if (!made) throw Error(ErrorKind::internal, "Postgres: a SCRAM verifier cannot be made");
  return Secret(made.get());
}

}  // namespace slipway::postgres
