#include "drivers/runtime/docker/credential_helper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"

namespace slipway::docker {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// A folder of helpers in front of PATH.
class CredentialHelperTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "slipway-helper-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    old_path_ = ::getenv("PATH");
    ::setenv("PATH", (folder_.string() + ":" + old_path_).c_str(), 1);
  }
  void TearDown() override {
    ::setenv("PATH", old_path_.c_str(), 1);
    fs::remove_all(folder_);
  }
  void helper(const std::string& name, const std::string& script) {
    const fs::path path = folder_ / ("docker-credential-" + name);
    std::ofstream(path) << "#!/bin/sh\n" << script;
    fs::permissions(path, fs::perms::owner_all);
  }
  std::string failure(const std::string& name, Millis timeout = Millis(10'000)) {
    try {
      ask_credential_helper(name, "r.example.com", timeout);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      return error.message();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  fs::path folder_;
  std::string old_path_;
};

TEST_F(CredentialHelperTest, answers_for_the_server_on_its_input) {
  helper(
      "ok",
      "read server\n[ \"$1\" = get ] && echo \"{\\\"Username\\\":\\\"ann\\\",\\\"Secret\\\":\\\"for $server\\\"}\"\n");
  const auto login = ask_credential_helper("ok", "r.example.com", Millis(10'000));
  ASSERT_TRUE(login);
  EXPECT_EQ(login->username, "ann");
  EXPECT_EQ(login->password.reveal(), "for r.example.com");
}

TEST_F(CredentialHelperTest, a_token_is_no_password) {
  helper("token", R"(echo '{"Username":"<token>","Secret":"tok"}')");
  const auto login = ask_credential_helper("token", "r.example.com", Millis(10'000));
  ASSERT_TRUE(login);
  EXPECT_EQ(login->identity_token.reveal(), "tok");
  EXPECT_TRUE(login->username.empty());
}

TEST_F(CredentialHelperTest, knows_none) {
  helper("none", "echo 'credentials not found in native keychain'; exit 1\n");
  EXPECT_FALSE(ask_credential_helper("none", "r.example.com", Millis(10'000)));
}

TEST_F(CredentialHelperTest, says_what_went_wrong) {
  EXPECT_THAT(failure("absent"), HasSubstr("cannot be run"));
  EXPECT_THAT(failure("../x"), HasSubstr("is not the name of a program"));
  helper("broken", "echo 'the keychain is locked'; exit 2\n");
  EXPECT_THAT(failure("broken"), HasSubstr("the keychain is locked"));
  helper("endless", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done\n");
  EXPECT_THAT(failure("endless"), HasSubstr("64 KiB"));
}

TEST_F(CredentialHelperTest, is_not_waited_for_for_ever) {
  helper("slow", "exec sleep 60\n");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(failure("slow", Millis(200)), HasSubstr("in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace slipway::docker
