#include "aws/credential_chain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  SeededRandom random{3};
  Imposter imposter;

  Credentials get(std::string profile = "") {
    CredentialChain chain(made.around(std::move(profile)), clock, random);
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
  void on_sts(const std::string& id) {
    made.variables["AWS_ENDPOINT_URL_STS"] = imposter.base_url();
    imposter.on("POST /", [this, id](const ImposterRequest&) -> ImposterResponse {
      return {.body =
                  "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
                  "<Credentials><AccessKeyId>" +
                  id +
                  "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                  "<SessionToken>t</SessionToken><Expiration>" +
                  time_in(std::chrono::hours(1)) +
                  "</Expiration>"
                  "</Credentials></AssumeRoleResult></AssumeRoleResponse>"};
    });
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

TEST_F(CredentialSources, AssumesARoleWithTheKeysOfAnotherProfile) {
  on_sts("ASIAROLE");
  made.files[config_file] =
      "[profile deploy]\nrole_arn = arn:aws:iam::1:role/deploy\nsource_profile = base\nexternal_id = x y\n"
      "duration_seconds = 1800\nregion = eu-west-1\n[profile base]\naws_access_key_id = AKBASE\n"
      "aws_secret_access_key = s\n";
  EXPECT_EQ(get("deploy").access_key_id, "ASIAROLE");
  const auto request = imposter.requests().at(0);
  EXPECT_THAT(net::header(request.headers, "Authorization"), HasSubstr("Credential=AKBASE/"));
  EXPECT_THAT(net::header(request.headers, "Authorization"), HasSubstr("/eu-west-1/sts/"));
  EXPECT_EQ(
      request.body,
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdeploy&RoleSessionName=slipway"
      "&ExternalId=x%20y&DurationSeconds=1800");
}

TEST_F(CredentialSources, RefusesRolesThatLeadInACircleOrNeedASecondFactor) {
  made.files[config_file] =
      "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n"
      "[profile c]\nrole_arn = r\nsource_profile = d\nmfa_serial = arn:aws:iam::1:mfa/me\n[profile e]\nrole_arn = r\n";
  EXPECT_THAT(failure("a"), HasSubstr("leads back"));
  EXPECT_THAT(failure("c"), HasSubstr("second factor"));
  EXPECT_THAT(failure("e"), HasSubstr("source_profile or credential_source"));
}

TEST_F(CredentialSources, AProfileMayAssumeARoleWithKeysOfItsOwn) {
  on_sts("ASIAROLE");
  made.files[config_file] =
      "[default]\nrole_arn = r\nsource_profile = default\naws_access_key_id = AKOWN\naws_secret_access_key = s\n";
  EXPECT_EQ(get().access_key_id, "ASIAROLE");
  EXPECT_THAT(net::header(imposter.requests().at(0).headers, "Authorization"), HasSubstr("Credential=AKOWN/"));
}

TEST_F(CredentialSources, AsksAProgram) {
  made.files[config_file] =
      "[default]\ncredential_process = /bin/sh -c 'echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKPROC\\\","
      "\\\"SecretAccessKey\\\":\\\"s\\\",\\\"Expiration\\\":\\\"2099-01-01T00:00:00+01:00\\\"}\"'\n";
  const auto credentials = get();
  EXPECT_EQ(credentials.access_key_id, "AKPROC");
  EXPECT_EQ(credentials.expires_at, parse_rfc3339("2098-12-31T23:00:00Z"));
}

TEST_F(CredentialSources, AProgramThatFailsSaysSo) {
  for (const char* command : {"/bin/false", "/nowhere/program", "/bin/echo nothing", "'unclosed"}) {
    SCOPED_TRACE(command);
    made.files[config_file] = std::string("[default]\ncredential_process = ") + command + "\n";
    EXPECT_THAT(failure(), HasSubstr("credential_process"));
  }
  EXPECT_THROW(from_process("/bin/sleep 60", Millis(50)), Error);
}

TEST_F(CredentialSources, ExchangesAnSsoLogin) {
  made.variables["AWS_ENDPOINT_URL_SSO"] = imposter.base_url();
  made.files[config_file] =
      "[default]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = Admin Role\n"
      "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://x.awsapps.com/start\n";
  // The file's name is the SHA-1 of the session's name.
  const std::string cache = "/home/u/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
  EXPECT_THAT(failure(), HasSubstr("aws sso login --profile default"));
  made.files[cache] = R"({"accessToken":"tok","expiresAt":")" + time_in(std::chrono::hours(1)) + R"("})";
  imposter.on("GET /federation/credentials",
              {.body = R"({"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"s","sessionToken":"t",)"
                       R"("expiration":4102444800000}})"});
  EXPECT_EQ(get().access_key_id, "ASIASSO");
  EXPECT_EQ(net::header(imposter.requests().at(0).headers, "x-amz-sso_bearer_token"), "tok");
  EXPECT_EQ(imposter.requests().at(0).target, "/federation/credentials?role_name=Admin%20Role&account_id=123");
  clock.advance(std::chrono::hours(2));
  EXPECT_THAT(failure(), HasSubstr("expired"));
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
  CredentialChain chain(made.around(), clock, random);
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  clock.advance(std::chrono::minutes(44));
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(chain.get().access_key_id, "AK2");
}

TEST_F(Refreshing, GoesOnWithTheOldOnesWhereTheSourceIsBroken) {
  CredentialChain chain(made.around(), clock, random);
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
  CredentialChain chain(made.around(), clock, random);
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  chain.refused("AK0");
  EXPECT_EQ(chain.get().access_key_id, "AK1");
  chain.refused("AK1");
  EXPECT_EQ(chain.get().access_key_id, "AK2");
}

TEST_F(Refreshing, ManyThreadsFetchOnce) {
  CredentialChain chain(made.around(), clock, random);
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
