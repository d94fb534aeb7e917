#include "drivers/database/postgres/test_database.hpp"

namespace slipway::postgres {
namespace {

using test::new_tenant_id;
using testing::HasSubstr;

TEST_F(PostgresDatabaseTest, TheTenantWorksInItsOwnDatabase) {
  database_->ensure(tenant_, plan_);
  Session app(access_);
  app.ask("CREATE TABLE public.jobs (id serial PRIMARY KEY, name text)");
  app.ask("INSERT INTO public.jobs (name) VALUES ('Đặng')");
  EXPECT_EQ(app.ask("SELECT lower(name) FROM public.jobs"), "đặng");
  EXPECT_EQ(app.ask("SELECT current_user"), access_.user);
  EXPECT_EQ(app.ask("SHOW server_encoding"), "UTF8");
  app.ask("CREATE SCHEMA own");
}

TEST_F(PostgresDatabaseTest, EnsureAgainKeepsTheData) {
  database_->ensure(tenant_, plan_);
  Session(access_).ask("CREATE TABLE public.kept AS SELECT 42 AS answer");
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("SELECT answer FROM public.kept"), "42");
}

TEST_F(PostgresDatabaseTest, TheTenantReachesNoOtherDatabase) {
  const TenantId other = new_tenant_id();
  database_->ensure(tenant_, plan_);
  database_->ensure(other, plan_);
  for (const std::string& name : {database_->access(other).name, std::string("postgres"), std::string("template1")}) {
    EXPECT_THAT(refusal([&] { Session(access_, name); }), HasSubstr("forbidden")) << name;
    // The server's access file would refuse it too: the rights alone must suffice, for servers whose file is not ours.
    EXPECT_EQ(server_.ask(fmt::format("SELECT has_database_privilege('{}', '{}', 'CONNECT')", access_.user, name)),
              "f");
  }
}

TEST_F(PostgresDatabaseTest, ThePublicHasNoRights) {
  database_->ensure(tenant_, plan_);
  const std::string entries =
      "SELECT count(*) FROM pg_database, aclexplode(datacl) a WHERE datname = '{}' AND a.grantee = 0";
  EXPECT_EQ(server_.ask(fmt::format(fmt::runtime(entries), access_.name)), "0");
  EXPECT_EQ(server_.ask(fmt::format("SELECT datacl IS NULL FROM pg_database WHERE datname = '{}'", access_.name)), "f");
}

TEST_F(PostgresDatabaseTest, TheRoleIsAnOrdinaryOne) {
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(server_.ask(fmt::format("SELECT concat_ws(' ', rolsuper, rolcreatedb, rolcreaterole, rolreplication, "
                                    "rolbypassrls, rolcanlogin) FROM pg_roles WHERE rolname = '{}'",
                                    access_.user)),
            "f f f f f t");
  EXPECT_THAT(refusal([&] { Session(access_).ask("CREATE ROLE more"); }), HasSubstr("forbidden"));
  EXPECT_THAT(refusal([&] { Session(access_).ask("CREATE DATABASE more"); }), HasSubstr("forbidden"));
}

TEST_F(PostgresDatabaseTest, TheConnectionLimitHoldsAndFollowsThePlan) {
  plan_.db_connections = 2;
  database_->ensure(tenant_, plan_);
  Session one(access_);
  Session two(access_);
  EXPECT_THAT(refusal([&] { Session three(access_); }), HasSubstr("too many connections"));
  plan_.db_connections = 3;
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(refusal([&] { Session three(access_); }), "not refused");
}

TEST_F(PostgresDatabaseTest, TheStatementTimeoutHoldsAndFollowsThePlan) {
  plan_.db_statement_timeout = Millis(50);
  database_->ensure(tenant_, plan_);
  EXPECT_THAT(refusal([&] { Session(access_).ask("RESET statement_timeout; SELECT pg_sleep(30)"); }),
              HasSubstr("statement timeout"));
  plan_.db_statement_timeout = Millis(7'000);
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("RESET statement_timeout; SHOW statement_timeout"), "7s");
}

TEST_F(PostgresDatabaseTest, ThePasswordFollowsTheGeneration) {
  const auto next = server_.database(installation_, 2);
  database_->ensure(tenant_, plan_);
  EXPECT_THAT(refusal([&] { Session(next->access(tenant_)); }), HasSubstr("password authentication failed"));
  next->ensure(tenant_, plan_);
  EXPECT_EQ(Session(next->access(tenant_)).ask("SELECT 1"), "1");
  EXPECT_THAT(refusal([&] { Session app(access_); }), HasSubstr("password authentication failed"));
}

TEST_F(PostgresDatabaseTest, EnsureMendsWhatWasChanged) {
  database_->ensure(tenant_, plan_);
  Session(access_).ask("ALTER ROLE CURRENT_USER PASSWORD 'forgotten'");
  server_.ask(fmt::format("ALTER ROLE {0} CREATEDB NOLOGIN BYPASSRLS", access_.user));
  server_.ask(fmt::format("GRANT CONNECT ON DATABASE {0} TO PUBLIC", access_.name));
  server_.ask(fmt::format("ALTER DATABASE {0} ALLOW_CONNECTIONS false", access_.name));
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("SELECT rolcreatedb OR rolbypassrls FROM pg_roles WHERE rolname = current_user"), "f");
  EXPECT_EQ(server_.ask(fmt::format("SELECT count(*) FROM pg_database, aclexplode(datacl) a "
                                    "WHERE datname = '{}' AND a.grantee = 0",
                                    access_.name)),
            "0");
}

TEST_F(PostgresDatabaseTest, EnsureFinishesWhatACrashLeftHalfDone) {
  server_.ask(fmt::format("CREATE ROLE {0}", access_.user));
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("SELECT 1"), "1");
  database_->drop(tenant_);
  server_.ask(fmt::format("CREATE ROLE {0}", access_.user));
  server_.ask(fmt::format("CREATE DATABASE {0} OWNER {0} ALLOW_CONNECTIONS false", access_.name));
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("SELECT 1"), "1");
  // What an interrupted DROP DATABASE leaves since 15.4: it can be dropped again, and nothing else.
  server_.ask(fmt::format("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{0}'", access_.name));
  EXPECT_THAT(refusal([&] { Session app(access_); }), HasSubstr("invalid database"));
  database_->ensure(tenant_, plan_);
  EXPECT_EQ(Session(access_).ask("SELECT 1"), "1");
}

TEST_F(PostgresDatabaseTest, ADatabaseOfTheNameThatIsNotTheTenantsIsLeftAlone) {
  server_.ask(fmt::format("CREATE DATABASE {0}", access_.name));
  EXPECT_THAT(refusal([&] { database_->ensure(tenant_, plan_); }),
              testing::AllOf(HasSubstr("conflict"), HasSubstr("belongs to role slipway")));
  EXPECT_EQ(server_.ask(fmt::format("SELECT count(*) FROM pg_roles WHERE rolname = '{0}'", access_.user)), "0");
}

TEST_F(PostgresDatabaseTest, DropEndsTheTenantsConnections) {
  database_->ensure(tenant_, plan_);
  Session app(access_);
  app.ask("BEGIN; CREATE TABLE public.half (id int)");
  database_->drop(tenant_);
  EXPECT_THAT(refusal([&] { app.ask("SELECT 1"); }), HasSubstr("unavailable"));
  EXPECT_EQ(server_.ask(fmt::format("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", access_.name)), "0");
}

TEST_F(PostgresDatabaseTest, ARoleWithoutSuperuserRightsSuffices) {
  const std::string admin = "admin_" + installation_.value();
  server_.ask(fmt::format("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD 'let me in'", admin));
  // As the managed server's access file lets only its own superuser into the maintenance database, this one has its
  // own.
  server_.ask(fmt::format("CREATE DATABASE {0} OWNER {0}", admin));
  PostgresOptions options = server_.database_options();
  options.admin = Secret(fmt::format("postgresql://{0}:let%20me%20in@127.0.0.1:{1}/{0}", admin, options.tenant_port));
  {
    PostgresDatabase modest(options, installation_, Secret("key"), 1);
    EXPECT_THAT(modest.check(), testing::AllOf(HasSubstr("PostgreSQL 1"), HasSubstr("log_min_messages")));
    modest.ensure(tenant_, plan_);
    modest.ensure(tenant_, plan_);
    server_.ask(fmt::format("GRANT SET ON PARAMETER log_min_messages TO {}", admin));
    EXPECT_THAT(modest.check(), testing::Not(HasSubstr("log_min_messages")));
    modest.ensure(tenant_, plan_);
    Session app(modest.access(tenant_));
    EXPECT_EQ(app.ask("SHOW log_min_messages"), "panic");
    app.ask("CREATE TABLE public.jobs (id int)");
    EXPECT_EQ(modest.resources().size(), 2u);
    modest.drop(tenant_);
    EXPECT_TRUE(modest.resources().empty());
    EXPECT_THAT(refusal([&] { app.ask("SELECT 1"); }), HasSubstr("unavailable"));
    server_.ask(fmt::format("ALTER ROLE {} NOCREATEROLE", admin));
    EXPECT_THAT(refusal([&] { modest.check(); }), testing::AllOf(HasSubstr("forbidden"), HasSubstr("CREATEROLE")));
    EXPECT_THAT(refusal([&] { modest.ensure(tenant_, plan_); }), HasSubstr("forbidden"));
  }
  server_.ask(fmt::format("DROP DATABASE {} WITH (FORCE)", admin));
  server_.ask(fmt::format("DROP OWNED BY {}", admin));
  server_.ask(fmt::format("DROP ROLE {}", admin));
}

TEST_F(PostgresDatabaseTest, CheckSaysWhereMoreConnectionsArePromisedThanThereAre) {
  const int available =
      std::stoi(server_.ask("SHOW max_connections")) - std::stoi(server_.ask("SHOW superuser_reserved_connections"));
  Plan plan = plan_;
  plan.db_connections = static_cast<std::uint32_t>(available);
  database_->ensure(tenant_, plan);
  EXPECT_THAT(database_->check(), testing::Not(HasSubstr("promised")));
  plan.db_connections += 1;
  database_->ensure(tenant_, plan);
  EXPECT_THAT(database_->check(),
              HasSubstr(fmt::format("promised {} connections, and it takes {}", available + 1, available)));
  database_->close(tenant_);
  EXPECT_THAT(database_->check(), testing::Not(HasSubstr("promised"))) << "a suspended tenant opens none";
  database_->drop(tenant_);
}

TEST_F(PostgresDatabaseTest, CheckSaysWhichServerItFound) {
  EXPECT_THAT(database_->check(), testing::MatchesRegex("PostgreSQL 1[0-9]\\.[0-9]+"));
}

// A founder's own server beside their site: what PUBLIC may connect to, every tenant may.
TEST_F(PostgresDatabaseTest, CheckNamesTheDatabasesThatTenantsMayConnectTo) {
  database_->ensure(tenant_, plan_);
  server_.ask("CREATE DATABASE \"the site's\"");
  server_.ask("CREATE DATABASE closed_already");
  server_.ask("REVOKE CONNECT ON DATABASE closed_already FROM PUBLIC");
  server_.ask("GRANT CONNECT ON DATABASE template1 TO PUBLIC");
  const std::string close_site = "REVOKE CONNECT ON DATABASE \"the site's\" FROM PUBLIC";
  const std::string close_template = "REVOKE CONNECT ON DATABASE \"template1\" FROM PUBLIC";
  EXPECT_THAT(database_->check(),
              testing::EndsWith(fmt::format(
                  "; tenants' roles may connect to 2 of its databases, since PUBLIC may; close them ({}; {})",
                  close_template, close_site)));
  server_.ask(close_site);
  EXPECT_EQ(server_.ask(fmt::format("SELECT has_database_privilege('{}', 'the site''s', 'CONNECT')", access_.user)),
            "f");
  EXPECT_THAT(database_->check(), testing::AllOf(HasSubstr(close_template), testing::Not(HasSubstr("site"))));
  server_.ask(close_template);
  EXPECT_THAT(database_->check(), testing::MatchesRegex("PostgreSQL 1[0-9]\\.[0-9]+"));
  for (const char* name : {"\"the site's\"", "closed_already"}) server_.ask(fmt::format("DROP DATABASE {}", name));
}

}  // namespace
}  // namespace slipway::postgres
