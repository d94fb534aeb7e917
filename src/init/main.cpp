// slipway-init makes, closes or drops one tenant's role and database from inside the network of the machine that
// Postgres is on:
//   slipway-init ensure|close|drop
// All it needs comes by environment, the secrets too (ECS puts them there from SSM): see src/init/README.md. Every run
// may be repeated or killed; it ends with 0 when what was asked for is so.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "drivers/database/postgres/postgres_database.hpp"

namespace slipway {
namespace {

constexpr Millis give_up_after{90'000};  // a database server that is just starting is waited for
constexpr Millis between_tries{1'000};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') throw Error(ErrorKind::invalid, fmt::format("{} is not set", name));
  return value;
}

template <class Number>
Number number(const char* name) {
  const std::string text = variable(name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorKind::invalid, fmt::format("{} is not a number", name));
  }
  return value;
}

// A value of libpq's "keyword=value" strings.
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

postgres::PostgresOptions server() {
  postgres::PostgresOptions options;
  const std::string host = variable("PGHOST");
  options.tenant_host = [host] { return host; };
  options.tenant_port = number<std::uint16_t>("PGPORT");
  options.admin = Secret(fmt::format("host={} port={} user={} password={} dbname=postgres", quoted(host),
                                     options.tenant_port, quoted(variable("PGUSER")), quoted(variable("PGPASSWORD"))));
  options.connections = 1;
  options.call_timeout = Millis(60'000);
  return options;
}

Plan plan() {
  Plan plan;
  plan.db_connections = number<std::uint32_t>("SLIPWAY_CONNECTIONS");
  plan.db_statement_timeout = Millis(number<std::int64_t>("SLIPWAY_STATEMENT_TIMEOUT_MS"));
  return plan;
}

void run(const std::string& command) {
  const bool ensure = command == "ensure";
  const bool close = command == "close";
  if (!ensure && !close && command != "drop") {
    throw Error(ErrorKind::invalid, fmt::format("'{}' is no command: ensure, close or drop", command));
  }
  const TenantId tenant(variable("SLIPWAY_TENANT"));
  const Secret password(ensure ? variable("SLIPWAY_TENANT_PASSWORD") : "");
  postgres::PostgresDatabase database(server(), InstallationId(variable("SLIPWAY_INSTALLATION")),
                                      [&](const TenantId&) { return password; });
  const auto deadline = std::chrono::steady_clock::now() + give_up_after;
  while (true) {
    try {
      if (ensure) {
        database.ensure(tenant, plan(), IfMissing::make);
      } else if (close) {
        database.close(tenant);
      } else {
        database.drop(tenant);
      }
      return;
    } catch (const Error& error) {
      if (!error.retryable() || std::chrono::steady_clock::now() >= deadline) throw;
      fmt::print(stderr, "slipway-init: {}: {}; trying again\n", command, error.what());
    }
    std::this_thread::sleep_for(between_tries);
  }
}

// The kernel gives process 1 no default handlers: without one, StopTask would wait out its whole grace.
void end_when_told() {
  for (const int number : {SIGTERM, SIGINT}) signal(number, [](int received) { _exit(128 + received); });
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  slipway::end_when_told();
  const std::string command = argc == 2 ? argv[1] : "";
  try {
    slipway::run(command);
    fmt::print(stderr, "slipway-init: {}: done\n", command);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    fmt::print(stderr, "slipway-init: {}: {}\n", command, error.what());
    return EXIT_FAILURE;
  }
}
