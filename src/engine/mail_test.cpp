#include "base/error.hpp"
#include "engine/test_world.hpp"
#include "engine/welcome.hpp"

namespace slipway {
namespace {

using test::expect_active_once;
using test::TestWorld;
using testing::Contains;
using testing::HasSubstr;

TEST(Mail, IsTriedAgainWithTheSameKeyWhileTheTenantIsActive) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.mailer.lose_replies(3);
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_TRUE(is_settled(w.tenant(id)));
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.mailer.repeats(), 3u);
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::sent);
}

TEST(Mail, ThatWillNeverGoIsGivenUpButTheTenantIsActive) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.mailer.fail_next(1, Error(ErrorKind::invalid, "resend: no such address"));
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::failed);
  EXPECT_THAT(w.timeline(id, "error"), Contains(HasSubstr("no such address")));
}

TEST(Mail, ThatWasGivenUpHasADayAgainAfterARetry) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.mailer.fail_next(1, Error(ErrorKind::forbidden, "smtp: the log-in was refused"));
  w.settle(id);
  ASSERT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::failed);
  w.tenants.change(id, Action::retry);
  EXPECT_EQ(mail_owed_since(w.tenant(id)), std::nullopt) << "it has not been tried since";
  w.mailer.fail_next(3, Error(ErrorKind::unavailable, "smtp: down"));
  w.look(id);
  EXPECT_EQ(mail_owed_since(w.tenant(id)), w.clock.now());
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->attempts, 1u) << "its waits begin anew";
  w.settle(id);
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::sent);
}

TEST(Mail, IsSentWhereTheClockWasSetBackUnderItsWait) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.mailer.fail_next(1, Error(ErrorKind::unavailable, "smtp: down").after(std::chrono::hours(24 * 30)));
  w.look(id);
  ASSERT_EQ(find_mail(w.tenant(id), "welcome")->attempts, 1u);
  EXPECT_LE(find_mail(w.tenant(id), "welcome")->not_before - w.clock.now(), Policy().mail.cap)
      << "whatever was asked for";
  w.clock.advance(-std::chrono::hours(24));
  w.look(id);
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::sent);
}

// A sign-up that fails again and again, as with a timer that retries it.
TEST(Mail, ARowKeepsTheNewestTwenty) {
  TestWorld w;
  w.runtime.remove_image("shop:1");
  const TenantId id = w.sign_up("acme");
  for (unsigned tries = 1; tries <= 3 * mails_kept; ++tries) {
    w.settle(id);
    ASSERT_EQ(w.tenant(id).status, Status::failed);
    EXPECT_EQ(w.mailer.count(), tries) << "each failure has a mail, under a key of its own";
    EXPECT_LE(w.tenant(id).mails.size(), mails_kept);
    w.tenants.change(id, Action::retry);
  }
  EXPECT_TRUE(w.tenant(id).mails.back().key.ends_with("/60"));
  w.runtime.add_image("shop:1");
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(find_mail(w.tenant(id), "welcome")->state, MailState::sent);
}

TEST(Mail, WhatIsOwedIsNeverDroppedAndBoundedToo) {
  TestWorld w;
  w.runtime.remove_image("shop:1");
  w.mailer.set_down(true);
  const TenantId id = w.sign_up("acme");
  for (unsigned tries = 1; tries <= mails_kept + 5; ++tries) {
    w.settle(id, Millis(1'000));
    ASSERT_EQ(w.tenant(id).status, Status::failed);
    EXPECT_EQ(w.tenant(id).mails.size(), std::min<std::size_t>(tries, mails_kept));
    w.tenants.change(id, Action::retry);
  }
  w.mailer.set_down(false);
  w.settle(id);
  EXPECT_GE(w.mailer.count(), mails_kept);
}

TEST(Mail, SpeaksTheCustomersLanguage) {
  TestWorld w;
  SignUp request = TestWorld::sign_up_of("acme");
  request.metadata["language"] = "vi";
  const TenantId id = std::get<Created>(w.tenants.sign_up(request, {}, "h")).tenant.id;
  w.settle(id);
  EXPECT_EQ(w.mailer.sent().at(0).message.subject,
            render(shipped_template("vi", "welcome"), {{"app_name", "app"},
                                                       {"company_name", "acme Inc"},
                                                       {"subdomain", "acme"},
                                                       {"url", "http://acme.localhost:20000"},
                                                       {"tenant_id", id.value()},
                                                       {"user_id", "user-acme"},
                                                       {"admin_email", "admin@acme.example"},
                                                       {"plan", "default"},
                                                       {"reason", ""}})
                .subject);
}

}  // namespace
}  // namespace slipway
