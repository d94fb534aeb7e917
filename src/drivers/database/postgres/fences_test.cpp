#include "drivers/database/postgres/fences.hpp"

#include <filesystem>

#include "drivers/database/postgres/test_database.hpp"

namespace slipway::postgres {
namespace {

using testing::HasSubstr;

class Fences : public PostgresDatabaseTest {
 protected:
  Fences() { database_->ensure(tenant_, plan_); }

  std::uintmax_t log_bytes() const { return std::filesystem::file_size(server_.server().log_file()); }
};

// Each of them writes a megabyte or more to the log where nothing keeps it from that.
TEST_F(Fences, NoStatementOfATenantWritesToTheServersLog) {
  const std::string function = "DO $$BEGIN FOR i IN 1..10 LOOP {} END LOOP; END$$";
  const std::vector<std::string> floods = {
      fmt::format(fmt::runtime(function), "RAISE LOG '%', repeat('x', 100000);"),
      fmt::format(fmt::runtime(function), "RAISE WARNING '%', repeat('x', 100000);"),
      fmt::format(fmt::runtime(function), "BEGIN RAISE '%', repeat('x', 100000); EXCEPTION WHEN OTHERS THEN END;"),
      fmt::format("SET debug_print_plan = on; SET debug_print_parse = on; SELECT '{}'", std::string(1'000'000, 'x')),
      "SET trace_sort = on; SELECT count(*) FROM (SELECT generate_series(1, 1000) AS x ORDER BY 1) s",
      fmt::format("SELECT '{}' + 1", std::string(1'000'000, 'x')),
      fmt::format("DO $$BEGIN EXECUTE 'SELECT pg_terminate_backend(pg_backend_pid()) -- {}'; END$$",
                  std::string(1'000'000, 'x')),
      "SET idle_in_transaction_session_timeout = 1; BEGIN; SELECT pg_sleep(0.01)"};
  for (const std::string& flood : floods) {
    const auto before = log_bytes();
    try {
      Session app(access_);
      app.ask(flood);
      app.ask("SELECT pg_sleep(0.1)");
    } catch (const Error&) {
      // Some end in an error, or end the session.
    }
    EXPECT_LT(log_bytes() - before, 4u << 10) << flood.substr(0, 80);
  }
}

TEST_F(Fences, ATenantCanNeitherChangeNorResetThem) {
  const std::string name = access_.name;
  EXPECT_EQ(Session(access_).ask("SHOW temp_file_limit"), "512MB");
  for (const std::string& sql :
       {std::string("SET temp_file_limit = -1"), fmt::format("ALTER ROLE {} RESET temp_file_limit", name)}) {
    EXPECT_THAT(refusal([&] { Session(access_).ask(sql); }), HasSubstr("forbidden")) << sql;
  }
  for (const std::string& sql :
       {std::string("SET log_min_messages = log"), std::string("RESET log_min_messages"),
        std::string("SELECT set_config('log_min_messages', 'log', false)"),
        fmt::format("ALTER ROLE {} SET log_min_messages = log", name),
        fmt::format("ALTER ROLE {} RESET log_min_messages", name),
        fmt::format("ALTER DATABASE {} SET log_min_messages = log", name),
        fmt::format("ALTER DATABASE {} RESET log_min_messages", name),
        fmt::format("ALTER ROLE {0} IN DATABASE {0} SET log_min_messages = log", name),
        std::string(
            "CREATE FUNCTION public.loud() RETURNS int LANGUAGE sql SET log_min_messages = log AS 'SELECT 1'")}) {
    EXPECT_THAT(refusal([&] { Session(access_).ask(sql); }), HasSubstr("forbidden")) << sql;
  }
  Session(access_).ask(fmt::format("ALTER ROLE {0} RESET ALL; ALTER DATABASE {0} RESET ALL; RESET ALL", name));
  EXPECT_EQ(Session(access_).ask("SHOW log_min_messages"), "panic");
  EXPECT_EQ(Session(access_).ask("SHOW temp_file_limit"), "512MB");
}

TEST_F(Fences, RolesOfAnOlderVersionGetThemOnce) {
  const auto settings = [&] {
    return server_.ask(
        fmt::format("SELECT string_agg(setconfig::text, ' ' ORDER BY setdatabase) FROM pg_db_role_setting "
                    "WHERE setrole = '{0}'::regrole OR setdatabase = (SELECT oid FROM pg_database WHERE "
                    "datname = '{0}')",
                    access_.name));
  };
  const std::string whole = settings();
  server_.ask(fmt::format("ALTER DATABASE {} RESET ALL", access_.name));
  server_.ask(fmt::format("ALTER ROLE {} RESET temp_file_limit", access_.name));
  EXPECT_NE(settings(), whole);
  database_->renew();
  for (const char* setting : {"log_min_messages=panic", "temp_file_limit=512MB", "statement_timeout="}) {
    EXPECT_THAT(settings(), HasSubstr(setting));
  }
  EXPECT_EQ(server_.ask(fmt::format("SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM "
                                    "pg_database WHERE datname = '{}')",
                                    access_.name)),
            "1");
}

// Autovacuum calls a function of an index as the table's owner, but in a session that no role's settings reach.
TEST_F(Fences, TheFunctionOfAnIndexWritesNothingWhenAutovacuumCallsIt) {
  server_.ask("ALTER SYSTEM SET autovacuum_naptime = 1");
  server_.ask("SELECT pg_reload_conf()");
  Session app(access_);
  app.ask(
      "CREATE FUNCTION public.loud(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
      "$$BEGIN RAISE LOG '%', repeat('x', 10000); RETURN $1; END$$");
  app.ask("CREATE TABLE public.t (x int) WITH (autovacuum_analyze_threshold = 1, log_autovacuum_min_duration = 0)");
  app.ask("CREATE INDEX ON public.t (public.loud(x))");
  const auto before = log_bytes();
  app.ask("INSERT INTO public.t SELECT generate_series(1, 1000)");
  EXPECT_TRUE(test::becomes_true(
      [&] { return app.ask("SELECT count(last_autoanalyze) FROM pg_stat_user_tables WHERE relname = 't'") == "1"; }));
  EXPECT_LT(log_bytes() - before, 16u << 10);
  server_.ask("ALTER SYSTEM RESET autovacuum_naptime");
  server_.ask("SELECT pg_reload_conf()");
}

// What cannot be kept from the log is one short line for each connection that is refused.
TEST_F(Fences, ARefusedConnectionWritesOneShortLine) {
  DatabaseAccess stranger = access_;
  stranger.password = Secret("wrong");
  const auto before = log_bytes();
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(refusal([&] { Session app(stranger); }), "not refused");
    EXPECT_NE(refusal([&] { Session app(access_, "postgres"); }), "not refused");
  }
  EXPECT_LT(log_bytes() - before, 40u * 1024);
}

}  // namespace
}  // namespace slipway::postgres
