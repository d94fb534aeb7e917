#include <fstream>
#include <mutex>

#include "base/clock.hpp"
#include "drivers/mail/outbox/outbox_mailer.hpp"
#include "drivers/mail/resend/resend_mailer.hpp"
#include "drivers/mail/smtp/smtp_mailer.hpp"
#include "tests/contract/mailer_contract.hpp"
#include "tests/contract/mailer_smtp_server.hpp"
#include "tests/fakes/fake_mailer.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::test {
namespace {

class FakeWorld : public MailerWorld {
 public:
  Mailer& mailer() override { return mailer_; }
  std::vector<ReceivedMail> received() override {
    std::vector<ReceivedMail> mails;
    for (const auto& [key, id, m, calls] : mailer_.sent()) {
      mails.push_back({m.from, m.reply_to, m.to, m.subject, m.text, m.html});
    }
    return mails;
  }
  void go_down() override { mailer_.set_down(true); }

 private:
  FakeMailer mailer_;
};

class OutboxWorld : public MailerWorld {
 public:
  Mailer& mailer() override { return mailer_; }
  std::vector<ReceivedMail> received() override { return received_mails(directory_.path() / "mail"); }
  void go_down() override {  // a file where the directory was: it can neither be used nor made anew
    std::filesystem::remove_all(directory_.path() / "mail");
    std::ofstream(directory_.path() / "mail") << "in the way";
  }

 private:
  TemporaryDirectory directory_;
  SystemClock clock_;
  mail::OutboxMailer mailer_{directory_.path() / "mail", clock_};
};

// STARTTLS and a log-in, both insisted on by the server.
class SmtpWorld : public MailerWorld {
 public:
  Mailer& mailer() override { return mailer_; }
  std::vector<ReceivedMail> received() override { return received_mails(server_.mails()); }
  bool tells_repeats() const override { return false; }
  void go_down() override { server_.stop(); }

 private:
  mail::SmtpOptions options() const {
    mail::SmtpOptions options;
    options.host = "localhost";
    options.port = server_.port();
    options.security = mail::SmtpSecurity::starttls;
    options.user = "shop";
    options.password = Secret("s3cret pass");
    options.ca_file = certificate_.cert;
    return options;
  }

  TemporaryDirectory directory_;
  Certificate certificate_{directory_.path()};
  SmtpServer server_{{"--cert", certificate_.cert, "--key", certificate_.key, "--login", "shop:s3cret pass"}};
  SystemClock clock_;
  mail::SmtpMailer mailer_{options(), clock_};
};

// What Resend documents of itself: a key, a User-Agent, and Idempotency-Key with the body it was first used for.
class ResendStandIn {
 public:
  ResendStandIn() {
    server_.on("POST /emails", [this](const ImposterRequest& request) { return take(request); });
    server_.on("GET /domains", json(200, R"({"data":[]})"));
  }
  std::string url() const { return server_.base_url(); }
  std::vector<ReceivedMail> mails() const {
    std::lock_guard lock(mutex_);
    return mails_;
  }
  void break_down() {
    for (const char* route : {"POST /emails", "GET /domains"}) server_.on(route, json(503, "{}"));
  }

 private:
  static ImposterResponse json(int status, std::string body) {
    ImposterResponse response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}};
    response.body = std::move(body);
    return response;
  }

  ImposterResponse take(const ImposterRequest& request) {
    if (net::header(request.headers, "authorization") != "Bearer re_key") {
      return json(401, R"({"statusCode":401,"name":"missing_api_key","message":"Missing API key"})");
    }
    if (net::header(request.headers, "user-agent").empty()) return json(403, "error code: 1010");
    const std::string key = net::header(request.headers, "idempotency-key");
    std::lock_guard lock(mutex_);
    const auto [known, is_new] = first_.try_emplace(key, request.body, "id-" + std::to_string(first_.size() + 1));
    if (known->second.first != request.body) {
      return json(409, R"({"statusCode":409,"name":"invalid_idempotent_request","message":"Another body"})");
    }
    if (is_new) {
      const boost::json::value mail = boost::json::parse(request.body);
      mails_.push_back({member(mail, "from"), member(mail, "reply_to"),
                        std::string(mail.at("to").as_array().at(0).as_string()), member(mail, "subject"),
                        member(mail, "text"), member(mail, "html")});
    }
    return json(200, R"({"id":")" + known->second.second + R"("})");
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::pair<std::string, std::string>> first_;  // by key: body and id
  std::vector<ReceivedMail> mails_;
  Imposter server_;  // last: its threads use the rest
};

class ResendWorld : public MailerWorld {
 public:
  Mailer& mailer() override { return mailer_; }
  std::vector<ReceivedMail> received() override { return resend_.mails(); }
  void go_down() override { resend_.break_down(); }

 private:
  ResendStandIn resend_;
  mail::ResendMailer mailer_{{Secret("re_key"), resend_.url(), std::chrono::seconds(10), ""}};
};

// What only SMTP can do, against the real server.
class SmtpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      python_with("aiosmtpd");
      certificate_ = std::make_unique<Certificate>(directory_.path());
    } catch (const MissingTool& missing) {
      GTEST_SKIP() << "SKIPPED: " << missing.what;
    }
  }

  std::vector<std::string> secured() const { return {"--cert", certificate_->cert, "--key", certificate_->key}; }

  mail::SmtpOptions options(const SmtpServer& server, mail::SmtpSecurity security) const {
    mail::SmtpOptions options;
    options.host = "localhost";
    options.port = server.port();
    options.security = security;
    options.ca_file = certificate_->cert;
    return options;
  }

  Error error_of(const mail::SmtpOptions& options, const std::string& to = "ann@example.com") {
    try {
      mail::SmtpMailer(options, clock_).send({"hello@shop.example", "", to, "Hi", "text", ""}, "k");
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::internal, "nothing was thrown");
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Certificate> certificate_;
  SystemClock clock_;
};

TEST_F(SmtpServerTest, SendsOverTlsFromTheFirstByte) {
  auto arguments = secured();
  arguments.push_back("--tls");
  SmtpServer server(arguments);
  mail::SmtpMailer mailer(options(server, mail::SmtpSecurity::tls), clock_);
  mailer.send({"Shop <hello@shop.example>", "", "ann@example.com", "Hi", "text", ""}, "k");
  EXPECT_EQ(received_mails(server.mails()).size(), 1u);
  EXPECT_THAT(mailer.check(), testing::HasSubstr("(TLS)"));
}

TEST_F(SmtpServerTest, TheEnvelopeAndTheMessageIdAreStable) {
  SmtpServer server;
  mail::SmtpMailer mailer(options(server, mail::SmtpSecurity::none), clock_);
  const std::string id = mailer.send({"Shop <hello@shop.example>", "", "ann@example.com", "Hi", "text", ""}, "k");
  mailer.send({"Shop <hello@shop.example>", "", "ann@example.com", "Hi", "text", ""}, "k");
  const auto mails = read_mails(server.mails());
  ASSERT_EQ(mails.size(), 2u);
  for (const boost::json::value& mail : mails) {
    EXPECT_EQ(member(mail, "sender"), "hello@shop.example");
    EXPECT_EQ(member(mail, "to"), "ann@example.com");
    EXPECT_EQ(member(mail, "message_id"), id);
  }
}

TEST_F(SmtpServerTest, WithoutStarttlsNothingIsSent) {
  SmtpServer server;
  const Error error = error_of(options(server, mail::SmtpSecurity::starttls));
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.message(), testing::HasSubstr("STARTTLS"));
  EXPECT_TRUE(read_mails(server.mails()).empty());
}

TEST_F(SmtpServerTest, AnUntrustedCertificateIsRefused) {
  SmtpServer server(secured());
  mail::SmtpOptions untrusting = options(server, mail::SmtpSecurity::starttls);
  untrusting.ca_file.clear();
  mail::SmtpOptions other_name = options(server, mail::SmtpSecurity::starttls);
  other_name.host = "127.0.0.1";
  for (const mail::SmtpOptions& refused : {untrusting, other_name}) {
    const Error error = error_of(refused);
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(), testing::HasSubstr("certificate"));
  }
  EXPECT_TRUE(read_mails(server.mails()).empty());
}

TEST_F(SmtpServerTest, AWrongPasswordIsUnauthorizedAndStaysSecret) {
  auto arguments = secured();
  arguments.insert(arguments.end(), {"--login", "shop:right"});
  SmtpServer server(arguments);
  mail::SmtpOptions wrong = options(server, mail::SmtpSecurity::starttls);
  wrong.user = "shop";
  wrong.password = Secret("wrong-password");
  const Error error = error_of(wrong);
  EXPECT_EQ(error.kind(), ErrorKind::unauthorized);
  EXPECT_THAT(error.message(), testing::Not(testing::HasSubstr("wrong-password")));
  wrong.user.clear();
  EXPECT_EQ(error_of(wrong).kind(), ErrorKind::unauthorized);
  EXPECT_TRUE(read_mails(server.mails()).empty());
}

TEST_F(SmtpServerTest, RepliesHaveTheirMeaning) {
  SmtpServer server;
  const mail::SmtpOptions plain = options(server, mail::SmtpSecurity::none);
  const std::map<std::string, ErrorKind> meanings = {
      {"550", ErrorKind::invalid},         {"450", ErrorKind::limited},      {"451", ErrorKind::unavailable},
      {"452", ErrorKind::limited},         {"data-554", ErrorKind::invalid}, {"data-452", ErrorKind::limited},
      {"data-451", ErrorKind::unavailable}};
  for (const auto& [name, kind] : meanings) {
    const Error error = error_of(plain, name + "@example.com");
    EXPECT_EQ(error.kind(), kind) << name << ": " << error.message();
    EXPECT_THAT(error.message(), testing::HasSubstr("the test wants it so"));
  }
}

TEST_F(SmtpServerTest, ATornOrSilentServerIsUnavailableWithinTheTimeout) {
  SmtpServer server;
  mail::SmtpOptions plain = options(server, mail::SmtpSecurity::none);
  EXPECT_EQ(error_of(plain, "tear@example.com").kind(), ErrorKind::unavailable);
  plain.timeout = Millis(700);
  const auto begin = std::chrono::steady_clock::now();
  const Error error = error_of(plain, "silence@example.com");
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.message(), testing::HasSubstr("no answer within"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

template <class World>
MailerCase with(const char* name) {
  return {name, [] { return std::make_unique<World>(); }};
}

INSTANTIATE_TEST_SUITE_P(Mailers, MailerContract,
                         testing::Values(with<FakeWorld>("fake"), with<OutboxWorld>("outbox"), with<SmtpWorld>("smtp"),
                                         with<ResendWorld>("resend")),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace slipway::test
