#include "aws/credential_chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "aws/credential_sources.hpp"
#include "aws/test_aws.hpp"
#include "base/clock.hpp"

namespace slipway::aws {
namespace {

using slipway::test::Imposter;
using slipway::test::ImposterRequest;
using slipway::test::ImposterResponse;
using slipway::test::ManualClock;
using test::MadeUp;
using testing::HasSubstr;

struct CredentialSources : testing::Test {
  MadeUp made;
  ManualClock clock;
  Imposter imposter;

  Credentials get(std::string profile = "") {
    CredentialChain chain(made.around(std::move(profile)), clock);
    return chain.get();
  }
  std::string failure(std::string profile = "") {
    try {
      get(std::move(profile));
    } catch (const Error& e) {
      return e.message();
    }
    return "none";
  }
  std::string time_in(Millis from_now) const { return to_rfc3339(clock.now() + from_now); }
  std::string role_json(const std::string& id, Millis lives) const {
    return boost::json::serialize(boost::json::object{{"Code", "Success"},
                                                      {"AccessKeyId", id},
                                                      {"SecretAccessKey", "s-" + id},
                                                      {"Token", "t-" + id},
                                                      {"Expiration", time_in(lives)}});
  }
};

constexpr auto config_file = "/home/u/.aws/config";
constexpr auto credentials_file = "/home/u/.aws/credentials";

TEST_F(CredentialSources, EnvironmentComesFirst) {
  made.variables["AWS_ACCESS_KEY_ID"] = "AKENV";
  made.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  made.variables["AWS_SESSION_TOKEN"] = "t";
  made.files[credentials_file] = "[default]\naws_access_key_id = AKFILE\naws_secret_access_key = s\n";
  EXPECT_EQ(get().access_key_id, "AKENV");
  EXPECT_EQ(get().session_token.reveal(), "t");
  EXPECT_EQ(get("default").access_key_id, "AKFILE");  // a profile that was asked for counts
}

TEST_F(CredentialSources, HalfOfAKeyIsAnError) {
  made.variables["AWS_ACCESS_KEY_ID"] = "AKENV";
  EXPECT_THAT(failure(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
}

TEST_F(CredentialSources, SaysWhereItLookedAndWhatItFound) {
  const auto said = failure();
  EXPECT_THAT(said, HasSubstr("environment: AWS_ACCESS_KEY_ID is not set"));
  EXPECT_THAT(said, HasSubstr("there is no profile 'default' in /home/u/.aws/config and /home/u/.aws/credentials"));
  EXPECT_THAT(said, HasSubstr("container: "));
  EXPECT_THAT(said, HasSubstr("EC2 instance: AWS_EC2_METADATA_DISABLED is set"));
}

TEST_F(CredentialSources, ReadsBothFilesAsAwssToolsDo) {
  made.variables["AWS_PROFILE"] = "shop";
  made.files[config_file] =
      "# a comment\r\n[default]\nregion=us-east-2\n\n[profile shop]\nregion = eu-north-1 # near\n"
      "s3 =\n  addressing_style = path\naws_access_key_id = OLD\n[services x]\nregion = nowhere\n";
  made.files[credentials_file] = "[shop]\naws_access_key_id=AKSHOP\nAWS_SECRET_ACCESS_KEY = a=b#c\n";
  const auto credentials = get();
  EXPECT_EQ(credentials.access_key_id, "AKSHOP");
  EXPECT_EQ(credentials.secret_access_key.reveal(), "a=b#c");
  EXPECT_EQ(region_from(made.around()), "eu-north-1");
  made.variables["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(region_from(made.around()), "eu-west-3");
}

TEST_F(CredentialSources, NeverShowsALineItCannotRead) {
  made.files[credentials_file] = "[default]\nAKIDSECRETSECRET\n";
  EXPECT_THAT(failure(), HasSubstr("line 2"));
  EXPECT_EQ(failure().find("AKIDSECRETSECRET"), std::string::npos);
}

TEST_F(CredentialSources, NoRegionIsAnErrorThatSaysWhatToDo) {
  EXPECT_THROW(
      {
        try {
          region_from(made.around());
        } catch (const Error& e) {
          EXPECT_THAT(e.message(), HasSubstr("AWS_REGION"));
          throw;
        }
      },
      Error);
}

// A directory in PATH whose `aws` is a line of shell.
struct AwsCommand {
  explicit AwsCommand(const std::string& script) {
    std::string made = (std::filesystem::temp_directory_path() / "slipway-aws-XXXXXX").string();
    EXPECT_NE(mkdtemp(made.data()), nullptr);
    directory = made;
    if (!script.empty()) std::ofstream(directory / "aws") << "#!/bin/sh\n" << script << "\n";
    if (!script.empty()) std::filesystem::permissions(directory / "aws", std::filesystem::perms::owner_all);
    setenv("PATH", (directory.string() + (script.empty() ? "" : ":" + before)).c_str(), 1);
  }
  ~AwsCommand() {
    setenv("PATH", before.c_str(), 1);
    std::filesystem::remove_all(directory);
  }
  const std::string before = getenv("PATH");
  std::filesystem::path directory;
};

struct MadeByAws : CredentialSources, testing::WithParamInterface<const char*> {
  void SetUp() override { made.files[config_file] = std::string("[profile corp x]\n") + GetParam() + "\n"; }
};
INSTANTIATE_TEST_SUITE_P(Settings, MadeByAws,
                         testing::Values("role_arn = r\naws_access_key_id = AKOWN\naws_secret_access_key = s",
                                         "sso_session = corp", "sso_start_url = https://x.awsapps.com/start",
                                         "login_session = arn:aws:iam::1:user/me", "credential_process = /bin/a b"));

TEST_P(MadeByAws, IsAskedOfAwssOwnCommand) {
  const AwsCommand aws(
      R"(test "$*" = "configure export-credentials --format process --profile corp x" || exit 9
echo '{"Version":1,"AccessKeyId":"AKAWS","SecretAccessKey":"s","SessionToken":"t","Expiration":"2099-01-01T00:00:00+01:00"}')");
  CredentialChain chain(made.around("corp x"), clock);
  const auto credentials = chain.get();
  EXPECT_EQ(credentials.access_key_id, "AKAWS");
  EXPECT_EQ(credentials.session_token.reveal(), "t");
  EXPECT_EQ(credentials.expires_at, parse_rfc3339("2098-12-31T23:00:00Z"));
}

TEST_P(MadeByAws, SaysWhatToDoWhereTheCommandIsMissingOrFails) {
  const std::string setting = std::string(GetParam()).substr(0, std::string_view(GetParam()).find(' '));
  {
    const AwsCommand missing("");
    EXPECT_THAT(failure("corp x"),
                testing::AllOf(HasSubstr("profile 'corp x' has " + setting),
                               HasSubstr("install the AWS CLI, version 2"), HasSubstr("AWS_ACCESS_KEY_ID")));
  }
  {
    const AwsCommand failing("exit 254");
    EXPECT_THAT(failure("corp x"), testing::AllOf(HasSubstr("ended with 254"), HasSubstr("aws sso login")));
  }
  for (const char* answer : {"nothing", "[]", "{}"}) {
    SCOPED_TRACE(answer);
    const AwsCommand garbled(std::string("echo '") + answer + "'");
    EXPECT_THAT(failure("corp x"), HasSubstr("AWS credentials from the profile"));
  }
}

TEST_F(CredentialSources, KeysOfAProfileNeedNoCommand) {
  made.files[config_file] = "[default]\nsso_session = corp\naws_access_key_id = AKOWN\naws_secret_access_key = s\n";
  const AwsCommand missing("");
  EXPECT_EQ(get().access_key_id, "AKOWN");
}

TEST_F(CredentialSources, AsksTheContainersAddressWithItsToken) {
  imposter.on("GET /role", [this](const ImposterRequest&) -> ImposterResponse {
    return {.body = role_json("ASIACONT", std::chrono::hours(1))};
  });
  made.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = imposter.base_url() + "/role?a=b";
  made.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  EXPECT_THAT(failure(), HasSubstr("/token"));
  made.files["/token"] = "Bearer x\n";
  EXPECT_EQ(get().access_key_id, "ASIACONT");
  EXPECT_EQ(net::header(imposter.requests().at(0).headers, "Authorization"), "Bearer x");
  EXPECT_EQ(imposter.requests().at(0).target, "/role?a=b");
  made.files["/token"] = "Bearer x\r\nEvil: y";
  EXPECT_THAT(failure(), HasSubstr("line break"));
}

TEST_F(CredentialSources, NeverSendsTheContainersTokenElsewhere) {
  made.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer x";
  for (const char* url : {"http://198.51.100.1/role", "http://example.com/role", "http://169.254.169.254/role"}) {
    SCOPED_TRACE(url);
    made.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THAT(failure(), HasSubstr("is not asked"));
  }
}

TEST_F(CredentialSources, AsksTheInstanceOnlyWithAToken) {
  made.variables.erase("AWS_EC2_METADATA_DISABLED");
  made.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = imposter.base_url();
  imposter.on("PUT /latest/api/token", {.body = "TOKEN"});
  const auto guarded = [](std::string body) {
    return [body](const ImposterRequest& request) -> ImposterResponse {
      if (net::header(request.headers, "X-aws-ec2-metadata-token") != "TOKEN") return {.status = 401};
      return {.body = body};
    };
  };
  imposter.on("GET /latest/meta-data/iam/security-credentials/", guarded("my-role"));
  imposter.on("GET /latest/meta-data/iam/security-credentials/my-role",
              guarded(role_json("ASIAEC2", std::chrono::hours(6))));
  imposter.on("GET /latest/meta-data/placement/region", guarded("ap-south-1"));
  EXPECT_EQ(get().access_key_id, "ASIAEC2");
  EXPECT_EQ(
      net::header(imposter.requests("PUT /latest/api/token").at(0).headers, "X-aws-ec2-metadata-token-ttl-seconds"),
      "60");
  EXPECT_EQ(region_from(made.around()), "ap-south-1");
}

// A container's endpoint whose credentials live for an hour each, numbered.
struct Refreshing : CredentialSources {
  void SetUp() override {
    made.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = imposter.base_url() + "/role";
    imposter.on("GET /role", [this](const ImposterRequest&) -> ImposterResponse {
      if (broken) return {.status = 500};
      return {.body = role_json("AK" + std::to_string(++served), std::chrono::hours(1))};
    });
  }
  std::atomic<bool> broken{false};
  std::atomic<int> served{0};
};

TEST_F(Refreshing, FetchesOnceAndAgain15MinutesBeforeTheEnd) {
  CredentialChain chain(made.around(), clock);
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  clock.advance(std::chrono::minutes(44));
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(chain.get().access_key_id, "AK2");
}

TEST_F(Refreshing, GoesOnWithTheOldOnesWhereTheSourceIsBroken) {
  CredentialChain chain(made.around(), clock);
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  broken = true;
  clock.advance(std::chrono::minutes(50));
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  const auto asked = imposter.requests().size();
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  EXPECT_EQ(imposter.requests().size(), asked);  // it is left in peace for a minute
  clock.advance(std::chrono::minutes(15));
  EXPECT_THROW(chain.get(), Error);
  broken = false;
  EXPECT_EQ(chain.get().access_key_id, "AK2");
}

TEST_F(Refreshing, FetchesAnewWhatAwsCallsExpired) {
  CredentialChain chain(made.around(), clock);
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  chain.refused("AK0");
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  chain.refused("AK1");
  EXPECT_EQ(chain.get().access_key_id, "AK2");
}

TEST_F(Refreshing, ManyThreadsFetchOnce) {
  CredentialChain chain(made.around(), clock);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) EXPECT_EQ(chain.get().access_key_id, "AK1");
    });
  }
  threads.clear();
  EXPECT_EQ(served, 1);
}

}  // namespace
}  // namespace slipway::aws
