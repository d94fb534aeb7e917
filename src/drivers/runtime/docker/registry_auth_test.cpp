#include "drivers/runtime/docker/registry_auth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"

namespace slipway::docker {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<RegistryLogin> no_helper(const std::string& name, const std::string&) {
  ADD_FAILURE() << "asked helper " << name;
  return {};
}

TEST(RegistryAuth, reads_auths_by_host_and_port) {
  const std::string config = R"({"auths": {
      "registry.example.com:5000": {"auth": ")" +
                             to_base64("ann:s3:cret") + R"("},
      "https://old.example.com/v1/": {"username": "bob", "password": "pw"},
      "https://index.docker.io/v1/": {"auth": ")" +
                             to_base64("hub:token") + R"("},
      "token.example.com": {"identitytoken": "tok"},
      "empty.example.com": {}}})";
  const auto ann = find_login(config, "registry.example.com:5000", no_helper);
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->username, "ann");
  EXPECT_EQ(ann->password.reveal(), "s3:cret");
  const auto bob = find_login(config, "old.example.com", no_helper);
  ASSERT_TRUE(bob);
  EXPECT_EQ(bob->password.reveal(), "pw");
  const auto hub = find_login(config, "docker.io", no_helper);
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->username, "hub");
  EXPECT_EQ(hub->server, "https://index.docker.io/v1/");
  const auto token = find_login(config, "token.example.com", no_helper);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->identity_token.reveal(), "tok");
  EXPECT_FALSE(find_login(config, "empty.example.com", no_helper));
  EXPECT_FALSE(find_login(config, "registry.example.com", no_helper)) << "another port is another registry";
  EXPECT_FALSE(find_login("{}", "registry.example.com", no_helper));
}

TEST(RegistryAuth, asks_the_helper_of_the_registry_before_the_store) {
  const std::string config = R"({"credsStore": "desktop", "credHelpers": {"ecr.example.com": "ecr-login"},
                                 "auths": {"shop.example.com": {"auth": ")" +
                             to_base64("a:b") + R"("}}})";
  std::vector<std::string> asked;
  const auto helper = [&](const std::string& name, const std::string& server) -> std::optional<RegistryLogin> {
    asked.push_back(name + " " + server);
    if (name == "desktop") return {};
    return RegistryLogin{server, "AWS", Secret("x"), {}};
  };
  EXPECT_EQ(find_login(config, "ecr.example.com", helper)->username, "AWS");
  EXPECT_EQ(find_login(config, "shop.example.com", helper)->username, "a") << "the store knows none: the file does";
  EXPECT_FALSE(find_login(config, "docker.io", helper));
  EXPECT_EQ(asked, (std::vector<std::string>{"ecr-login ecr.example.com", "desktop shop.example.com",
                                             "desktop https://index.docker.io/v1/"}));
}

TEST(RegistryAuth, a_broken_file_is_told_without_its_content) {
  for (const std::string config : {"", "[]", "{", R"({"auths": {"r.example.com": {"auth": "%%s3cret%%"}}})"}) {
    try {
      find_login(config, "r.example.com", no_helper);
      ADD_FAILURE() << "took " << config;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      EXPECT_THAT(error.message(), Not(HasSubstr("s3cret")));
    }
  }
}

TEST(RegistryAuth, the_header_is_padded_url_safe_base64_of_json) {
  const RegistryLogin login{"r.example.com", "ann", Secret("\xC3\xBF\xC3\xBE>>>???~~~"), {}};
  const std::string header = registry_auth_header(login).reveal();
  EXPECT_EQ(header.size() % 4, 0u) << "the engine ignores it without its padding";
  EXPECT_EQ(header.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="),
            std::string::npos);
  const auto object = boost::json::parse(*from_base64(header)).as_object();
  EXPECT_EQ(object.at("username"), "ann");
  EXPECT_EQ(object.at("password").as_string(), login.password.reveal());
  EXPECT_EQ(object.at("serveraddress"), "r.example.com");

  const std::string token = registry_auth_header({"r.example.com", "", {}, Secret("tok")}).reveal();
  const auto with_token = boost::json::parse(*from_base64(token)).as_object();
  EXPECT_EQ(with_token.at("identitytoken"), "tok");
  EXPECT_FALSE(with_token.contains("password"));
}

}  // namespace
}  // namespace slipway::docker
