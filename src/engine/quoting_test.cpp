#include "base/crypto.hpp"
#include "engine/test_world.hpp"

namespace slipway {
namespace {

const std::string payment_key = "sk_live_51\"Hxy/zzzz";

// What the app of whoever is asked for has printed.
class Output : public RuntimeLogs {
 public:
  struct Printed : PieceSource {
    explicit Printed(std::string what) : text(std::move(what)) {}
    State pull(std::string& out) override {
      out += text;
      return State::ended;
    }
    std::string text;
  };
  std::unique_ptr<PieceSource> open_logs(const TenantId&, std::size_t, bool, std::stop_token) override {
    return std::make_unique<Printed>(text);
  }
  std::string text;
};

// An app that prints what it was given, in a world whose configuration has a payment key.
struct Talkative : ::testing::Test {
  World world_with_output() {
    World world = w.world;
    world.logs = &output;
    return world;
  }

  static Settings settings_with_secret() {
    Settings s = test::test_settings();
    s.secrets.add(Secret(payment_key));
    return s;
  }

  std::string password() { return w.database.access(id).password.reveal(); }

  std::string all_spellings() {
    const std::string password = this->password();
    return "KEY=" + payment_key + " json sk_live_51\\\"Hxy\\/zzzz url sk_live_51%22Hxy%2fzzzz basic " +
           to_base64("shop:" + payment_key) + " db postgresql://u:" + password + "@h/d " + to_base64(password);
  }

  // Nothing that a row, its timeline or a mail of it says holds either secret, nor a large part of one.
  void expect_nothing_told() {
    std::string told = to_document(w.tenant(id));
    for (const Event& e : w.store.events(id, 0, 1'000)) told += "\n" + e.message;
    for (const auto& mail : w.mailer.sent()) told += "\n" + mail.message.text + mail.message.html;
    const std::string hidden[] = {"51\"Hxy", "51\\\"Hxy", "Hxy",
                                  "zzzz",    password(),  to_base64(password()).substr(0, 12)};
    for (const std::string& secret : hidden) EXPECT_EQ(told.find(secret), std::string::npos) << secret << "\n" << told;
    EXPECT_NE(told.find("***"), std::string::npos) << told;
  }

  Output output;
  test::TestWorld w{settings_with_secret()};
  Reconciler reconciler{world_with_output(), w.settings, w.watch, Log::silent()};
  TenantId id;

  // As TestWorld::settle, with the world that has logs.
  void settle() {
    for (int i = 0; i < 1'000; ++i) {
      auto tenant = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
      if (!tenant) return;
      const auto outcome = reconciler.reconcile(*tenant, "w1");
      if (!outcome.again || w.tenant(id).status == Status::crash_loop) return;
      w.clock.advance_to(*outcome.again);
    }
  }
};

TEST_F(Talkative, AnAppThatEndsAtItsFirstBootTellsNoSecret) {
  id = w.sign_up("acme");
  output.text = all_spellings();
  w.runtime.exit_on_start(id, 1);
  settle();
  ASSERT_EQ(w.tenant(id).status, Status::failed);
  EXPECT_NE(w.tenant(id).reason.find("last words"), std::string::npos);
  EXPECT_EQ(w.mailer.count(), 1u) << "the operator's";
  expect_nothing_told();
}

TEST_F(Talkative, TheKindOfAFailureStandsBesideItsWords) {
  const auto code_of = [&](const std::string& slug, const std::function<void()>& trouble) {
    id = w.sign_up(slug);
    trouble();
    settle();
    EXPECT_EQ(w.tenant(id).status, Status::failed) << slug;
    return w.tenant(id).reason_code;
  };
  EXPECT_EQ(code_of("a", [&] { w.runtime.exit_on_start(id, 1); }), ReasonCode::app_exited);
  EXPECT_EQ(code_of("b", [&] { w.probe.never_ready(id); }), ReasonCode::app_not_answering);
  const Error wrong(ErrorKind::invalid, "no such program");
  EXPECT_EQ(code_of("c", [&] { w.runtime.fail_next(test::RuntimeCall::start, wrong, 1, id); }),
            ReasonCode::app_not_started);
  EXPECT_EQ(code_of("d", [&] { w.runtime.fail_next(test::RuntimeCall::create, wrong, 1, id); }),
            ReasonCode::image_unavailable);
  id = w.sign_up("e");
  w.runtime.fail_next(test::RuntimeCall::create, Error(ErrorKind::unavailable, "docker at 10.1.2.3 is down"));
  w.look(id);
  EXPECT_EQ(w.tenant(id).reason_code, ReasonCode::waiting);
  EXPECT_EQ(from_document(to_document(w.tenant(id))).reason_code, ReasonCode::waiting);
}

TEST_F(Talkative, NorOneThatNeverAnswers) {
  id = w.sign_up("acme");
  output.text = all_spellings();
  w.probe.never_ready(id, "503");
  settle();
  ASSERT_EQ(w.tenant(id).status, Status::failed);
  EXPECT_NE(w.tenant(id).reason.find("did not answer"), std::string::npos);
  expect_nothing_told();
}

TEST_F(Talkative, NorOneThatEndsAfterItWasActive) {
  id = w.sign_up("acme");
  settle();
  ASSERT_EQ(w.tenant(id).status, Status::active);
  output.text = all_spellings();
  w.runtime.exit_on_start(id, 1);
  w.runtime.exit(id, 1);
  settle();
  ASSERT_EQ(w.tenant(id).status, Status::crash_loop);
  expect_nothing_told();
}

TEST_F(Talkative, ASecretIsNotCutOutOfItsMask) {
  id = w.sign_up("acme");
  for (std::size_t after = 582; after < 600; after += 6) {
    output.text = std::string(400, 'a') + payment_key + std::string(after, 'b');
    w.runtime.exit_on_start(id, 1);
    settle();
    expect_nothing_told();
    w.tenants.change(id, Action::retry);
  }
}

TEST_F(Talkative, NorDoErrorsOfDrivers) {
  for (const auto call : {test::RuntimeCall::create, test::RuntimeCall::start}) {
    id = w.sign_up(call == test::RuntimeCall::create ? "acme" : "bert");
    w.runtime.fail_next(call, Error(ErrorKind::invalid, "exec: " + all_spellings()), 1, id);
    settle();
    ASSERT_EQ(w.tenant(id).status, Status::failed);
    expect_nothing_told();
  }
}

TEST_F(Talkative, NorIsWhatSlipwayGivesOutRepeated) {
  id = w.sign_up("acme");
  const Quoting quoting(w.settings, w.database);
  const std::string key = "sk_" + std::string(43, 'k');
  EXPECT_EQ(quoting(id, "curl -H " + key + " -d x"), "curl -H sk_*** -d x");
  EXPECT_EQ(quoting(id, "GET /status?token=0123456789abcdef0123456789abcdef HTTP"), "GET /status?token=*** HTTP");
}

}  // namespace
}  // namespace slipway
