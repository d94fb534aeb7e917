#include "api/sign_up_request.hpp"

#include <gmock/gmock.h>

#include "api/body.hpp"
#include "base/error.hpp"

namespace slipway::api {
namespace {

SignUp parsed(const std::string& body) { return parse_sign_up(parse_object(body)); }

std::vector<std::string> refused_fields(const std::string& body) {
  try {
    parsed(body);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    std::vector<std::string> fields;
    for (const FieldError& field : error.fields()) fields.push_back(field.field);
    return fields;
  }
  return {"accepted"};
}

const std::string good = R"({"admin_email": "Ann@Example.com", "subdomain": "Acme", "company_name": "Acme \u00c1",
                             "userId": "u-1", "plan": "pro", "metadata": {"k": "v"}})";

TEST(SignUpRequest, IsReadAndNormalized) {
  const SignUp s = parsed(good);
  EXPECT_EQ(s.admin_email.value(), "Ann@example.com");
  EXPECT_EQ(s.slug.value(), "acme");
  EXPECT_EQ(s.company_name.value(), "Acme Á");
  EXPECT_EQ(s.plan.value(), "pro");
  EXPECT_EQ(s.metadata.at("k"), "v");
}

TEST(SignUpRequest, NamesEveryFieldThatIsWrong) {
  EXPECT_THAT(refused_fields("{}"), testing::UnorderedElementsAre("admin_email", "subdomain", "company_name"));
  EXPECT_THAT(
      refused_fields(R"({"admin_email": 1, "subdomain": "-", "company_name": "", "plan": [], "colour": "red"})"),
      testing::UnorderedElementsAre("admin_email", "subdomain", "company_name", "plan", "colour"));
  EXPECT_THAT(
      refused_fields(R"({"admin_email": "a@b.cc", "subdomain": "a", "company_name": "A", "metadata": {"n": 1}})"),
      testing::ElementsAre("metadata.n"));
}

TEST(SignUpRequest, RefusesWhatIsNoJsonObject) {
  for (const char* bad : {"", "{", "[]", "\"x\"", "{\"a\": \"\xff\"}", "[[[[[[[[[[[[]]]]]]]]]]]]"}) {
    EXPECT_THROW(parsed(bad), Error) << bad;
  }
}

TEST(SignUpRequest, HasAtMostSixteenPairsOfMetadata) {
  const auto with = [](int pairs) {
    std::string body = R"({"admin_email": "a@b.cc", "subdomain": "a", "company_name": "A", "metadata": {)";
    for (int i = 0; i < pairs; ++i) body += fmt::format("{}\"k{}\": \"v\"", i == 0 ? "" : ",", i);
    return body + "}}";
  };
  EXPECT_EQ(parsed(with(16)).metadata.size(), 16u);
  EXPECT_THAT(refused_fields(with(17)), testing::ElementsAre("metadata"));
}

TEST(SignUpHash, IsOfTheMeaningNotTheSpelling) {
  const SignUp spelled_otherwise = parsed(
      R"({"metadata":{"k":"v"},"plan":"pro","userId":"u-1","company_name":"Acme Á","subdomain":"acme","admin_email":"Ann@EXAMPLE.com"})");
  EXPECT_EQ(sign_up_hash(parsed(good)), sign_up_hash(spelled_otherwise));
  SignUp other = spelled_otherwise;
  other.metadata["k"] = "w";
  EXPECT_NE(sign_up_hash(spelled_otherwise), sign_up_hash(other));
}

}  // namespace
}  // namespace slipway::api
