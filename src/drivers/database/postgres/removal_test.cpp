#include "drivers/database/postgres/removal.hpp"

#include <filesystem>
#include <fstream>

#include "drivers/database/postgres/test_database.hpp"

namespace slipway::postgres {
namespace {

using testing::HasSubstr;

// Two tenants: the one who leaves, and a neighbour who would rather keep him.
class Removal : public PostgresDatabaseTest {
 protected:
  Removal() {
    database_->ensure(tenant_, plan_);
    database_->ensure(other_, plan_);
  }

  std::string neighbour_name() const { return database_->access(other_).name; }
  bool is_gone() const {
    return server_.ask(fmt::format("SELECT (SELECT count(*) FROM pg_database WHERE datname = '{0}') + "
                                   "(SELECT count(*) FROM pg_roles WHERE rolname = '{0}')",
                                   access_.name)) == "0";
  }

  const TenantId other_ = test::new_tenant_id();
};

TEST_F(Removal, NothingThatANeighbourMakesDependOnARoleKeepsIt) {
  Session neighbour(database_->access(other_));
  for (const char* sql :
       {"CREATE TABLE public.trap (x int)", "INSERT INTO public.trap VALUES (7)",
        "GRANT SELECT ON public.trap TO {0} WITH GRANT OPTION", "GRANT UPDATE (x) ON public.trap TO {0}",
        "CREATE SCHEMA mine", "GRANT ALL ON SCHEMA mine, public TO {0}",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "GRANT EXECUTE ON FUNCTION public.f() TO {0}", "CREATE SEQUENCE public.s",
        "GRANT USAGE ON SEQUENCE public.s TO {0}", "CREATE TYPE public.e AS ENUM ('a')",
        "GRANT USAGE ON TYPE public.e TO {0}", "SELECT lo_create(4711)", "GRANT SELECT ON LARGE OBJECT 4711 TO {0}",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {0}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA mine GRANT EXECUTE ON FUNCTIONS TO {0}",
        "CREATE POLICY only_him ON public.trap TO {0} USING (true)",
        "CREATE POLICY both_of_us ON public.trap TO {0}, {1} USING (true)",
        "GRANT CONNECT, TEMP ON DATABASE {1} TO {0}"}) {
    neighbour.ask(fmt::format(fmt::runtime(sql), access_.name, neighbour_name()));
  }
  server_.ask(
      fmt::format("GRANT {0} TO {1} WITH ADMIN OPTION; GRANT SET ON PARAMETER work_mem TO {0};"
                  "ALTER DATABASE {1} ALLOW_CONNECTIONS false",
                  access_.name, neighbour_name()));
  EXPECT_EQ(database_->drop(tenant_), CallResult::done);
  EXPECT_TRUE(is_gone());
  EXPECT_EQ(neighbour.ask("SELECT x FROM public.trap"), "7");
  EXPECT_EQ(neighbour.ask("SELECT polroles = ARRAY[current_user::regrole::oid] FROM pg_policy"), "t");
  EXPECT_EQ(neighbour.ask("SELECT datallowconn FROM pg_database WHERE datname = current_database()"), "f");
}

TEST_F(Removal, AnOpenTransactionThatGrantsToARoleIsEnded) {
  Session neighbour(database_->access(other_));
  neighbour.ask("CREATE TABLE public.trap (x int)");
  neighbour.ask("BEGIN");
  neighbour.ask(fmt::format("GRANT SELECT ON public.trap TO {}", access_.name));
  EXPECT_EQ(database_->drop(tenant_), CallResult::done);
  EXPECT_TRUE(is_gone());
  EXPECT_EQ(Session(database_->access(other_)).ask("SELECT count(*) FROM public.trap"), "0");
}

// What neighbours make use of is theirs, so the role stays: nobody can log in as it, and it goes when it can.
TEST_F(Removal, ARoleThatCannotGoIsBarredAndLeftToTheSweep) {
  const std::string theirs = neighbour_name();
  Session(database_->access(other_)).ask(fmt::format("GRANT CREATE ON SCHEMA public TO {}", access_.name));
  const auto in_theirs = [&](const std::string& sql) {
    const Target inside = Target(server_.server().admin_conninfo()).in(theirs);
    Connection(inside, soon(), Millis(30'000)).run(sql, soon());
  };
  in_theirs(
      fmt::format("CREATE FUNCTION public.his() RETURNS int LANGUAGE sql AS 'SELECT 7';"
                  "ALTER FUNCTION public.his() OWNER TO {}",
                  access_.name));
  Session(database_->access(other_))
      .ask(
          "CREATE TABLE public.mine (x int DEFAULT public.his()); "
          "INSERT INTO public.mine DEFAULT VALUES");
  EXPECT_EQ(database_->drop(tenant_), CallResult::done) << "the deletion ends";
  EXPECT_EQ(server_.ask(fmt::format("SELECT count(*) FROM pg_database WHERE datname = '{}'", access_.name)), "0");
  EXPECT_EQ(server_.ask(fmt::format("SELECT rolcanlogin OR rolpassword IS NOT NULL FROM pg_authid WHERE rolname = '{}'",
                                    access_.user)),
            "f");
  const Resource left{"role", access_.user, tenant_};
  EXPECT_THAT(refusal([&] { database_->discard(left); }),
              testing::AllOf(HasSubstr("conflict"), HasSubstr(theirs), HasSubstr("2BP01")));
  EXPECT_EQ(Session(database_->access(other_)).ask("SELECT x FROM public.mine"), "7");
  Session(database_->access(other_)).ask("ALTER TABLE public.mine ALTER x DROP DEFAULT");
  database_->discard(left);
  EXPECT_TRUE(is_gone());
}

TEST_F(Removal, WhatANeighbourSetsForItsDatabaseHoldsForNoSessionOfOurs) {
  Session neighbour(database_->access(other_));
  neighbour.ask("CREATE TABLE public.trap (x int)");
  neighbour.ask(fmt::format("GRANT SELECT ON public.trap TO {}", access_.name));
  for (const char* setting :
       {"search_path = public", "role = '{0}'", "local_preload_libraries = 'missing'", "statement_timeout = 1",
        "default_transaction_read_only = on", "idle_session_timeout = 1", "lock_timeout = 1"}) {
    neighbour.ask(fmt::format("ALTER DATABASE {0} SET {1}", neighbour_name(),
                              fmt::format(fmt::runtime(setting), neighbour_name())));
  }
  EXPECT_EQ(database_->drop(tenant_), CallResult::done);
  EXPECT_TRUE(is_gone());
}

// What an owner may do to its database, and what an admin may have done to it by hand.
TEST_F(Removal, NothingThatAnOwnerDoesToItsDatabaseKeepsIt) {
  const std::string name = access_.name;
  Session app(access_);
  app.ask(fmt::format("ALTER DATABASE {} IS_TEMPLATE true", name));
  app.ask(fmt::format("ALTER DATABASE {} CONNECTION LIMIT 0", name));
  app.ask(fmt::format("ALTER DATABASE {} SET local_preload_libraries = 'missing'", name));
  app.ask(fmt::format("ALTER ROLE {} SET local_preload_libraries = 'missing'", name));
  app.ask(fmt::format("REVOKE ALL ON DATABASE {0} FROM {0}", name));
  server_.ask(fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", name));
  EXPECT_EQ(database_->drop(tenant_), CallResult::done);
  EXPECT_TRUE(is_gone());
}

TEST(RemovalElsewhere, PreparedTransactionsAreRolledBack) {
  test::TestPostgres server;
  std::filesystem::create_directories(server.options().data_dir);
  server.server().start();
  std::ofstream(server.options().data_dir / "local.conf") << "max_prepared_transactions = 4\n";
  server.server().stop();
  server.server().start();
  const auto database = server.database(test::new_installation_id());
  const TenantId tenant = test::new_tenant_id();
  database->ensure(tenant, Plan{});
  const DatabaseAccess access = database->access(tenant);
  const Target target(Secret(fmt::format("host={} port={} user={} password={} dbname={}", access.host, access.port,
                                         access.user, access.password.reveal(), access.name)));
  Connection app(target, soon(), Millis(0));
  for (const char* sql : {"BEGIN", "CREATE TABLE public.t (x int)", "PREPARE TRANSACTION 'it''s kept'"}) {
    app.run(sql, soon());
  }
  app.run(fmt::format("ALTER DATABASE {} SET search_path = public", access.name), soon());
  EXPECT_EQ(database->drop(tenant), CallResult::done);
  EXPECT_TRUE(database->resources().empty());
}

}  // namespace
}  // namespace slipway::postgres
