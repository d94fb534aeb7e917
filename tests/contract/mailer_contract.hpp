#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "contracts/mailer.hpp"

// What every Mailer promises, run against each driver and the fake.
namespace slipway::test {

// A mail as it came out at the other end.
struct ReceivedMail {
  std::string from;
  std::string reply_to;
  std::string to;
  std::string subject;
  std::string text;
  std::string html;
};

// A mailer together with the world it sends into.
class MailerWorld {
 public:
  virtual ~MailerWorld() = default;
  virtual Mailer& mailer() = 0;
  virtual std::vector<ReceivedMail> received() = 0;
  virtual bool tells_repeats() const { return true; }
  virtual void go_down() = 0;
};

// Thrown by a world that cannot be made here, with what is missing.
struct MissingTool {
  std::string what;
};

struct MailerCase {
  std::string name;
  std::function<std::unique_ptr<MailerWorld>()> make;
};

inline void PrintTo(const MailerCase& one, std::ostream* out) { *out << one.name; }

class MailerContract : public testing::TestWithParam<MailerCase> {
 protected:
  void SetUp() override {
    try {
      world_ = GetParam().make();
    } catch (const MissingTool& missing) {
      GTEST_SKIP() << "SKIPPED: " << missing.what;
    }
  }

  static Message message() {
    return {"Đại Việt \"Shop\" <hello@shop.example>", "help@shop.example",  "ann@example.com",
            "Cửa hàng của bạn đã sẵn sàng 🚀",         "Xin chào\n\ntext\n", "<p>Xin chào &amp; <b>html</b></p>\n"};
  }

  Mailer& mailer() { return world_->mailer(); }
  std::vector<ReceivedMail> received() { return world_->received(); }

  // The kind of the error that `f` ends in.
  static ErrorKind kind_of(const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& e) {
      EXPECT_FALSE(e.message().empty());
      return e.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::internal;
  }

  std::unique_ptr<MailerWorld> world_;
};

TEST_P(MailerContract, AMailArrivesWithAllItsParts) {
  EXPECT_NE(mailer().send(message(), "t_1/welcome/1"), "");
  const auto mails = received();
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].to, "ann@example.com");
  EXPECT_THAT(mails[0].from,
              testing::AllOf(testing::HasSubstr("Đại Việt"), testing::HasSubstr("<hello@shop.example>")));
  EXPECT_EQ(mails[0].reply_to, "help@shop.example");
  EXPECT_EQ(mails[0].subject, message().subject);
  EXPECT_EQ(mails[0].text, message().text);
  EXPECT_EQ(mails[0].html, message().html);
}

TEST_P(MailerContract, AwkwardTextArrivesAsItWas) {
  Message awkward = message();
  awkward.subject.clear();
  for (int i = 0; i < 100; ++i) awkward.subject += "ệ🚀";
  awkward.text = ".\n..two dots\n.one dot\nFrom here\nspace at the end \ntab\t\n=?UTF-8?Q?x?= = =20\n--boundary\n\n\n";
  for (int i = 0; i < 500; ++i) awkward.text += "một dòng rất dài ";
  awkward.text += "\nQUIT\n";
  awkward.html = "<p>" + std::string(3'000, 'x') + "</p>\n.\n";
  mailer().send(awkward, "t_1/welcome/1");
  const auto mails = received();
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].subject, awkward.subject);
  EXPECT_EQ(mails[0].text, awkward.text);
  EXPECT_EQ(mails[0].html, awkward.html);
}

TEST_P(MailerContract, ARepeatIsNoSecondMail) {
  const std::string first = mailer().send(message(), "t_1/welcome/1");
  EXPECT_EQ(mailer().send(message(), "t_1/welcome/1"), first);
  EXPECT_EQ(received().size(), world_->tells_repeats() ? 1u : 2u);
}

TEST_P(MailerContract, AnotherKeyIsAnotherMail) {
  const std::string first = mailer().send(message(), "t_1/welcome/1");
  EXPECT_NE(mailer().send(message(), "t_1/welcome/2"), first);
  EXPECT_EQ(received().size(), 2u);
}

TEST_P(MailerContract, NothingCanBeInjectedIntoAHeader) {
  for (std::string Message::*header : {&Message::from, &Message::reply_to, &Message::to, &Message::subject}) {
    for (const std::string& evil :
         {std::string("\r\nBcc: eve@example.com"), std::string("\n x"), std::string("\r"), std::string("\0", 1)}) {
      Message bad = message();
      bad.*header += evil;
      EXPECT_EQ(kind_of([&] { mailer().send(bad, "t_1/welcome/1"); }), ErrorKind::invalid);
    }
  }
  EXPECT_TRUE(received().empty());
}

TEST_P(MailerContract, MalformedKeysAreRefused) {
  for (const std::string& key : {std::string(), std::string(257, 'k'), std::string("a b"), std::string("a\r\nb")}) {
    EXPECT_EQ(kind_of([&] { mailer().send(message(), key); }), ErrorKind::invalid);
  }
  EXPECT_TRUE(received().empty());
}

TEST_P(MailerContract, TheLongestKeyIsTaken) {
  mailer().send(message(), std::string(256, 'k'));
  EXPECT_EQ(received().size(), 1u);
}

TEST_P(MailerContract, ManySendersGetEachMailThroughOnce) {
  std::vector<std::thread> senders;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 6; ++i) {
    senders.emplace_back([&, i] {
      try {
        mailer().send(message(), "t_" + std::to_string(i % 3) + "/welcome/1");
      } catch (const Error&) {
        ++failures;
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(received().size(), world_->tells_repeats() ? 3u : 6u);
}

TEST_P(MailerContract, CheckSaysWhoSends) { EXPECT_NE(mailer().check(), ""); }

TEST_P(MailerContract, WhatIsDownIsUnavailable) {
  world_->go_down();
  EXPECT_EQ(kind_of([&] { mailer().send(message(), "t_1/welcome/1"); }), ErrorKind::unavailable);
  EXPECT_EQ(kind_of([&] { mailer().check(); }), ErrorKind::unavailable);
}

}  // namespace slipway::test
