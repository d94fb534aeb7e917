#include "model/mail_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TemplateValues values() {
  return {{"company_name", "Công ty Đại Việt"},
          {"app_name", "Shop"},
          {"url", "http://acme.203-0-113-9.sslip.io:20001"},
          {"subdomain", "acme"},
          {"tenant_id", "t_01jdd2x8k40a1b2c3d4e"},
          {"user_id", "u-17"},
          {"admin_email", "ann@example.com"},
          {"plan", "default"},
          {"reason", "start container: no such image"}};
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    return e.message();
  }
  return "nothing was thrown";
}

TEST(MailTemplate, EveryShippedTemplateRendersWithTheKnownNames) {
  for (const std::string& language : mail_languages()) {
    for (const std::string& purpose : mail_purposes()) {
      const RenderedMail mail = render(shipped_template(language, purpose), values());
      SCOPED_TRACE(language + "/" + purpose);
      for (const std::string& part : {mail.subject, mail.text, mail.html}) {
        EXPECT_THAT(part, AllOf(HasSubstr("Công ty Đại Việt"), Not(HasSubstr("{{")), Not(HasSubstr("}}"))));
        EXPECT_NE(utf8_length(part), std::string::npos);
      }
      EXPECT_FALSE(has_control_characters(mail.subject));
      EXPECT_THAT(mail.html, HasSubstr("<html lang=\"" + language + "\">"));
      EXPECT_THAT(mail.text, HasSubstr("t_01jdd2x8k40a1b2c3d4e"));
    }
  }
}

TEST(MailTemplate, WelcomeNamesTheAddressAndFailureNamesReasonAndCommands) {
  for (const std::string& language : mail_languages()) {
    const RenderedMail welcome = render(shipped_template(language, "welcome"), values());
    EXPECT_THAT(welcome.text, HasSubstr("\nhttp://acme.203-0-113-9.sslip.io:20001\n"));
    EXPECT_THAT(welcome.html, HasSubstr("href=\"http://acme.203-0-113-9.sslip.io:20001\""));
    const RenderedMail failure = render(shipped_template(language, "operator_failure"), values());
    for (const std::string& part : {failure.text, failure.html}) {
      EXPECT_THAT(part,
                  AllOf(HasSubstr("start container: no such image"), HasSubstr("slipway show t_01jdd2x8k40a1b2c3d4e"),
                        HasSubstr("slipway retry t_01jdd2x8k40a1b2c3d4e")));
    }
  }
}

TEST(MailTemplate, LanguagesDiffer) {
  EXPECT_THAT(shipped_template("en", "welcome").subject, HasSubstr("is ready"));
  EXPECT_THAT(shipped_template("vi", "welcome").subject, HasSubstr("đã sẵn sàng"));
}

TEST(MailTemplate, AHostileCompanyNameInjectsNothing) {
  TemplateValues hostile = values();
  hostile["company_name"] = "Bob\r\nBcc: x@y <script>alert(1)</script> {{ url }} \xE2\x80\xAE\" ' & \xFF\x01";
  for (const std::string& language : mail_languages()) {
    for (const std::string& purpose : mail_purposes()) {
      const RenderedMail mail = render(shipped_template(language, purpose), hostile);
      EXPECT_FALSE(has_control_characters(mail.subject));
      EXPECT_THAT(mail.subject, AllOf(HasSubstr("Bob Bcc: x@y"), HasSubstr("{{ url }}")));
      EXPECT_THAT(mail.text, AllOf(HasSubstr("Bob Bcc: x@y"), HasSubstr("{{ url }}"), Not(HasSubstr("\nBcc:")),
                                   Not(HasSubstr("\xE2\x80\xAE")), Not(HasSubstr("\x01")), Not(HasSubstr("\r"))));
      EXPECT_THAT(mail.html,
                  AllOf(HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; {{ url }}"), Not(HasSubstr("<script"))));
      EXPECT_THAT(mail.html, HasSubstr("&quot; &#39; &amp; \xEF\xBF\xBD"));
      EXPECT_NE(utf8_length(mail.text), std::string::npos);
    }
  }
}

TEST(MailTemplate, ALongSubjectIsCutBetweenCodePoints) {
  TemplateValues lengthy = values();
  lengthy["company_name"].clear();
  for (int i = 0; i < 300; ++i) lengthy["company_name"] += "ệ🚀";
  const RenderedMail mail = render({"{{ company_name }}", "", ""}, lengthy);
  EXPECT_EQ(utf8_length(mail.subject), 200u);
  EXPECT_TRUE(mail.subject.ends_with("🚀ệ🚀ệ…"));
}

TEST(MailTemplate, UnknownNamesAreRefusedWithASuggestion) {
  EXPECT_THAT(message_of([] { shipped_template("en", "welcom"); }), HasSubstr("did you mean 'welcome'"));
  EXPECT_THAT(message_of([] { shipped_template("fr", "welcome"); }), AllOf(HasSubstr("'fr'"), HasSubstr("en")));
  EXPECT_THAT(message_of([] { render({"{{ compny_name }}", "", ""}, values()); }), HasSubstr("'company_name'"));
}

TEST(MailTemplate, OverridesReplaceOnlyTheirOwnPart) {
  const MailTemplate& shipped = shipped_template("en", "welcome");
  const MailTemplate mine = with_overrides(
      shipped, "welcome",
      {{"welcome.subject", "Hi {{ company_name }}\n"}, {"operator_failure.txt", "It failed: {{ reason }}"}});
  EXPECT_EQ(mine.subject, "Hi {{ company_name }}");
  EXPECT_EQ(mine.text, shipped.text);
  EXPECT_EQ(mine.html, shipped.html);
  const MailTemplate other = with_overrides(shipped_template("en", "operator_failure"), "operator_failure",
                                            {{"operator_failure.txt", "It failed: {{ reason }}"}});
  EXPECT_EQ(other.text, "It failed: {{ reason }}");
}

TEST(MailTemplate, OverridesWithMistakesAreRefusedNamingTheFile) {
  const auto refused = [](const std::string& name, const std::string& content) {
    return message_of([&] { with_overrides(shipped_template("en", "welcome"), "welcome", {{name, content}}); });
  };
  EXPECT_THAT(refused("welcom.txt", "x"), HasSubstr("did you mean 'welcome.txt'"));
  EXPECT_THAT(refused("welcome.txt", "{{ nam }}"), AllOf(HasSubstr("welcome.txt"), HasSubstr("'nam'")));
  EXPECT_THAT(refused("welcome.html", "{{ url"), AllOf(HasSubstr("welcome.html"), HasSubstr("never closed")));
  EXPECT_THAT(refused("welcome.txt", "\xC3"), AllOf(HasSubstr("welcome.txt"), HasSubstr("UTF-8")));
  EXPECT_THAT(refused("welcome.subject", "a\nBcc: b@c.de"), AllOf(HasSubstr("welcome.subject"), HasSubstr("one line")));
}

}  // namespace
}  // namespace slipway
