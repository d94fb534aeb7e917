#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/database/postgres/postgres_database.hpp"
#include "tests/contract/database_names.hpp"
#include "tests/contract/database_server.hpp"

// A driver on a real server, and a tenant that is not made yet.
namespace slipway::postgres {

inline Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

class PostgresDatabaseTest : public testing::Test {
 protected:
  ~PostgresDatabaseTest() override {
    for (const Resource& left : database_->resources()) database_->discard(left);
  }

  // A session of the tenant's app.
  struct Session {
    explicit Session(const DatabaseAccess& access, const std::string& database = "")
        : target(Secret(fmt::format("host={} port={} user={} password={} dbname={}", access.host, access.port,
                                    access.user, access.password.reveal(), database.empty() ? access.name : database))),
          connection(target, soon(), Millis(0)) {}
    std::string ask(const std::string& sql) {
      const Rows rows = connection.run(sql, soon());
      return rows.empty() ? "" : rows.at(0).at(0);
    }
    Target target;
    Connection connection;
  };

  static std::string refusal(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return fmt::format("{}: {}", to_string(error.kind()), error.message());
    }
    return "not refused";
  }

  test::TestPostgres& server_ = test::shared_postgres();
  const InstallationId installation_ = test::new_installation_id();
  const std::unique_ptr<PostgresDatabase> database_ = server_.database(installation_);
  const TenantId tenant_ = test::new_tenant_id();
  const DatabaseAccess access_ = database_->access(tenant_);
  Plan plan_;
};

}  // namespace slipway::postgres
