#include "drivers/mail/outbox/outbox_mailer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "base/error.hpp"

namespace slipway::mail {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Outbox : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "slipway-outbox-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(root_ / "a" / "mail")) all.push_back(entry.path().filename());
    return all;
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  fs::path root_;
  SystemClock clock_;
  Message message_{"Shop <hello@shop.example>", "", "ann@example.com", "Hello", "text", "<p>html</p>"};
};

TEST_F(Outbox, WritesOnePrivateFileInADirectoryThatItMakes) {
  OutboxMailer mailer(root_ / "a" / "mail", clock_);
  const std::string id = mailer.send(message_, "t_1/welcome/1");
  EXPECT_EQ(id, (root_ / "a" / "mail" / "t_1+welcome+1.eml").string());
  EXPECT_THAT(names(), testing::ElementsAre("t_1+welcome+1.eml"));
  EXPECT_EQ(mode_of(id), 0600u);
  EXPECT_EQ(mode_of(root_ / "a" / "mail"), 0700u);
}

TEST_F(Outbox, ARepeatLeavesTheFileAsItIs) {
  OutboxMailer mailer(root_ / "a" / "mail", clock_);
  const std::string id = mailer.send(message_, "t_1/welcome/1");
  const auto written = fs::last_write_time(id);
  const auto read = [&] {
    std::ifstream in(id);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string before = read();
  message_.subject = "Another";
  EXPECT_EQ(mailer.send(message_, "t_1/welcome/1"), id);
  EXPECT_EQ(read(), before);
  EXPECT_EQ(fs::last_write_time(id), written);
  EXPECT_EQ(names().size(), 1u);
}

TEST_F(Outbox, WhatAKilledProcessLeftIsFinishedByTheNextTry) {
  OutboxMailer mailer(root_ / "a" / "mail", clock_);
  mailer.check();
  std::ofstream(root_ / "a" / "mail" / ".t_1+welcome+1.eml.unfinished") << std::string(100'000, 'x');
  const std::string id = mailer.send(message_, "t_1/welcome/1");
  EXPECT_EQ(names().size(), 1u);
  std::ifstream in(id);
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(in), {}), testing::Not(HasSubstr("xxx")));
}

TEST_F(Outbox, NoKeyLeavesTheDirectoryAndNoTwoShareAFile) {
  const std::string lengthy(256, 'a');
  const std::vector<std::string> keys = {
      "..",    "../../etc/x",          ".", "/", "//", "a/b", "a.b", "a_b", "a-b", ".hidden", "hidden",
      lengthy, lengthy.substr(1) + "b"};
  OutboxMailer mailer(root_ / "a" / "mail", clock_);
  std::set<std::string> ids;
  for (const std::string& key : keys) {
    const std::string id = mailer.send(message_, key);
    EXPECT_EQ(fs::path(id).parent_path(), root_ / "a" / "mail") << key;
    EXPECT_NE(fs::path(id).filename().string().front(), '.') << key;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), keys.size());
  EXPECT_EQ(names().size(), keys.size());
}

TEST_F(Outbox, AnUnusableDirectoryIsUnavailableAndSaysWhere) {
  std::ofstream(root_ / "file") << "x";
  for (const fs::path& directory : {root_ / "file", root_ / "file" / "below"}) {
    OutboxMailer mailer(directory, clock_);
    for (const auto& call :
         {std::function<void()>([&] { mailer.send(message_, "k"); }), std::function<void()>([&] { mailer.check(); })}) {
      try {
        call();
        ADD_FAILURE() << "nothing was thrown";
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::unavailable);
        EXPECT_THAT(e.message(), HasSubstr(directory.string()));
      }
    }
  }
}

TEST_F(Outbox, CheckNamesTheDirectory) {
  EXPECT_EQ(OutboxMailer(root_ / "mail", clock_).check(), "outbox " + (root_ / "mail").string());
}

}  // namespace
}  // namespace slipway::mail
