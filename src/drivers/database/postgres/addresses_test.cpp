#include "drivers/database/postgres/addresses.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>

#include "drivers/database/postgres/test_database.hpp"

namespace slipway::postgres {
namespace {

// A name server that answers nobody until it is told to go.
struct SilentNameServer {
  ~SilentNameServer() {
    std::lock_guard lock(mutex());
    gone() = true;
    changed().notify_all();
  }
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::condition_variable& changed() {
    static std::condition_variable changed;
    return changed;
  }
  static bool& gone() {
    static bool gone = false;
    return gone;
  }
  static void ask() {
    std::unique_lock lock(mutex());
    changed().wait_for(lock, std::chrono::seconds(30), [] { return gone(); });
  }
};

}  // namespace
}  // namespace slipway::postgres

// In the place of the C library's, also for libpq.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  if (node != nullptr && std::string_view(node) == "silent.test") {
    slipway::postgres::SilentNameServer::ask();
    return EAI_AGAIN;
  }
  if (node != nullptr && std::string_view(node) == "db.test") node = "127.0.0.1";
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, found);
}

namespace slipway::postgres {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

TEST(Addresses, AreAsManyEntriesOfEachAsThereAreToBeTried) {
  net::Resolver resolver;
  const auto both = look_up(resolver, "db.test,/run/postgresql,10.0.0.1", "5432,5433,5434", soon());
  EXPECT_EQ(both.hosts, "db.test,/run/postgresql,10.0.0.1");
  EXPECT_EQ(both.hostaddrs, "127.0.0.1,,10.0.0.1");
  EXPECT_EQ(both.ports, "5432,5433,5434");
  EXPECT_EQ(look_up(resolver, "localhost", "5432", soon()).hostaddrs, "");
  EXPECT_EQ(look_up(resolver, "10.0.0.1,db.test", "5432", soon()).ports, "5432,5432");
  EXPECT_EQ(look_up(resolver, "no-such-host.invalid,db.test", "", soon()).hosts, "db.test");
}

TEST(Addresses, ANameServerThatIsSilentHoldsNoConnectionPastItsDeadline) {
  const SilentNameServer server;
  const Target target(Secret("host=silent.test user=u password=hunter2"));
  const auto began = std::chrono::steady_clock::now();
  try {
    Connection(target, began + seconds(1), Millis(0));
    ADD_FAILURE() << "it cannot connect";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("silent.test"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
}

TEST_F(PostgresDatabaseTest, IsReachedByAName) {
  database_->ensure(tenant_, plan_);
  DatabaseAccess by_name = access_;
  by_name.host = "db.test";
  EXPECT_EQ(Session(by_name).ask("SELECT 1"), "1");
}

}  // namespace
}  // namespace slipway::postgres
