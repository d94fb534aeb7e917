#include "api/health.hpp"

#include <atomic>
#include <future>

#include "api/test_api.hpp"

namespace slipway::api {
namespace {

constexpr auto patience = std::chrono::seconds(30);

// A part whose check hangs until it is let go.
struct Hanging {
  std::promise<void> began;
  std::atomic<bool> gone = false;
  std::atomic<int> looks = 0;

  // At the end of a test at the latest: a Health that goes waits for its threads.
  struct LetGo {
    Hanging& part;
    ~LetGo() { part.let_go(); }
  };
  void let_go() {
    gone = true;
    gone.notify_all();
  }

  HealthCheck check(std::string name, bool vital) {
    return {std::move(name),
            [this] {
              if (++looks == 1) began.set_value();
              gone.wait(false);
              return std::string("well");
            },
            vital};
  }
};

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(Health, APartThatHangsHoldsUpNobody) {
  Api api;
  Hanging mail;
  Health health({{"ledger", [] { return std::string("ok"); }, true}, mail.check("mail", false)}, api.clock);
  const Hanging::LetGo at_end{mail};
  api.context.health = &health;
  health.start();
  ASSERT_EQ(mail.began.get_future().wait_for(patience), std::future_status::ready);
  ASSERT_TRUE(eventually([&] { return health.ready(); }));
  for (const char* peer : {"203.0.113.7", "unix"}) {
    api.peer = peer;
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(api.answer("GET", "/readyz").status, 200);
  }
  api.clock.advance(std::chrono::seconds(7));
  const net::Response response = api.answer("GET", "/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(object_of(response).at("checks").at("mail"), "no answer for 7 s");
  EXPECT_EQ(mail.looks, 1) << "however many ask";
  EXPECT_FALSE(health.stop());
  mail.let_go();
  EXPECT_TRUE(eventually([&] { return health.findings().at(1).well; }));
}

TEST(Health, IsNotReadyWhileALedgerHangs) {
  Api api;
  Hanging ledger;
  Health health({ledger.check("ledger", true)}, api.clock);
  const Hanging::LetGo at_end{ledger};
  api.context.health = &health;
  EXPECT_FALSE(health.ready()) << "nothing is known yet";
  health.start();
  ASSERT_EQ(ledger.began.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_EQ(api.answer("GET", "/readyz").status, 503);
  ledger.let_go();
  EXPECT_TRUE(eventually([&] { return api.answer("GET", "/readyz").status == 200; }));
}

TEST(Health, LooksAgainWhenAnOperatorAsks) {
  Api api;
  std::atomic<int> looks = 0;
  Health health({{"mail", [&] { return std::to_string(++looks); }}}, api.clock);
  api.context.health = &health;
  health.start();
  ASSERT_TRUE(eventually([&] { return health.findings().at(0).found == "1"; }));
  api.clock.advance(std::chrono::seconds(10));
  api.peer = "203.0.113.7";
  for (int i = 0; i < 100; ++i) api.answer("GET", "/readyz");
  EXPECT_EQ(looks, 1) << "strangers make us call nobody";
  api.peer = "unix";
  api.answer("GET", "/readyz");
  EXPECT_TRUE(eventually([&] { return health.findings().at(0).found == "2"; }));
}

}  // namespace
}  // namespace slipway::api
