#include "aws/signer.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::aws {
namespace {

// AWS's own cases: tests/aws/sigv4/README.md.
boost::json::array cases() {
  std::ifstream file("tests/aws/sigv4/cases.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str(), "cases.json").as_array();
}

// The suite's requests are HTTP as typed: a target with spaces, values that go on in the next line.
SignableRequest parse(const std::string& text) {
  SignableRequest request;
  const auto end_of_head = text.find("\n\n");
  request.body = end_of_head == std::string::npos ? "" : text.substr(end_of_head + 2);
  auto lines = split(text.substr(0, end_of_head), '\n');
  const auto& first = lines.front();
  const auto target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  request.method = first.substr(0, first.find(' '));
  request.path = target.substr(0, target.find('?'));
  if (const auto at = target.find('?'); at != std::string::npos) request.query = target.substr(at + 1);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    if (lines[i].front() == ' ') {
      request.headers.back().second += "\n" + lines[i];
    } else {
      request.headers.emplace_back(lines[i].substr(0, lines[i].find(':')), lines[i].substr(lines[i].find(':') + 1));
    }
  }
  return request;
}

TEST(Signer, AgreesWithAwsOnEveryCaseOfItsSuite) {
  const auto all = cases();
  ASSERT_EQ(all.size(), 38u);
  SigningKeys kept;
  for (const auto& value : all) {
    const auto& one = value.as_object();
    SCOPED_TRACE(string_at(one, "name"));
    const auto& context = *object_at(one, "context");
    const auto& keys = *object_at(context, "credentials");
    Credentials credentials{string_at(keys, "access_key_id"), Secret(string_at(keys, "secret_access_key")),
                            Secret(string_at(keys, "token")), std::nullopt};
    SigningOptions options;
    options.region = string_at(context, "region");
    options.service = string_at(context, "service");
    options.normalize_path = bool_at(context, "normalize");
    options.content_hash_header = bool_at(context, "sign_body");
    options.sign_session_token = !bool_at(context, "omit_session_token");
    const auto now = parse_rfc3339(string_at(context, "timestamp"));
    ASSERT_TRUE(now);
    const auto signature = sign(parse(string_at(one, "request")), credentials, options, *now, kept);
    EXPECT_EQ(signature.canonical_request, string_at(one, "canonical_request"));
    EXPECT_EQ(signature.string_to_sign, string_at(one, "string_to_sign"));
    EXPECT_EQ(signature.signature, string_at(one, "signature"));
  }
}

TEST(Signer, SendsTheTokenAlsoWhereItIsNotSigned) {
  const Credentials credentials{"AKIDEXAMPLE", Secret("secret"), Secret("token"), std::nullopt};
  const SignableRequest request{.headers = {{"Host", "example.com"}}};
  for (const bool signs : {true, false}) {
    SigningKeys keys;
    const auto signature =
        sign(request, credentials, {"eu-central-1", "ecs", true, false, signs}, TimePoint(Millis(0)), keys);
    EXPECT_EQ(net::header(signature.headers, "X-Amz-Security-Token"), "token");
    const auto authorization = net::header(signature.headers, "Authorization");
    EXPECT_EQ(authorization.find("x-amz-security-token") != std::string::npos, signs);
    EXPECT_EQ(authorization.find("secret"), std::string::npos);
  }
}

TEST(Signer, AKeyThatIsKeptIsOfItsDayRegionServiceAndCredentials) {
  const SignableRequest request{.headers = {{"Host", "example.com"}}};
  const Credentials one{"AKIDEXAMPLE", Secret("one"), Secret(), std::nullopt};
  const Credentials other{"AKIDEXAMPLE", Secret("other"), Secret(), std::nullopt};
  const TimePoint today(Millis(0)), tomorrow(Millis(86'400'000));
  const SigningOptions ecs{"eu-central-1", "ecs"}, ssm{"eu-central-1", "ssm"}, elsewhere{"eu-west-1", "ecs"};
  SigningKeys kept;
  const auto agrees = [&](const Credentials& credentials, const SigningOptions& options, TimePoint now) {
    SigningKeys fresh;
    return sign(request, credentials, options, now, kept).signature ==
           sign(request, credentials, options, now, fresh).signature;
  };
  for (const auto& credentials : {one, one, other}) EXPECT_TRUE(agrees(credentials, ecs, today));
  for (const auto& options : {ecs, ssm, elsewhere}) EXPECT_TRUE(agrees(other, options, today));
  EXPECT_TRUE(agrees(other, elsewhere, tomorrow));
}

}  // namespace
}  // namespace slipway::aws
