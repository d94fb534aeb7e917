#include "aws/endpoints.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "aws/roots.hpp"
#include "aws/test_aws.hpp"
#include "base/error.hpp"

namespace slipway::aws {
namespace {

// tests/aws/test_client.py compares every service in every partition with botocore's rules.
TEST(Endpoints, AreThoseOfThePartition) {
  EXPECT_EQ(endpoint_of(services::ecs, "eu-central-1", false, false), "https://ecs.eu-central-1.amazonaws.com");
  EXPECT_EQ(endpoint_of(services::ecr, "cn-north-1", false, false), "https://api.ecr.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(endpoint_of(services::dynamodb, "us-east-1", true, true), "https://dynamodb-fips.us-east-1.api.aws");
}

TEST(Endpoints, ARegionCannotNameAnotherHost) {
  for (const char* region : {"", "evil.example/", "eu-central-1.evil", "eu central", "EU"}) {
    EXPECT_THROW(endpoint_of(services::ecs, region, false, false), Error) << region;
  }
}

TEST(Endpoints, TheEnvironmentNamesOthers) {
  test::MadeUp made;
  EXPECT_EQ(endpoint_from_environment(made.around(), "cloudwatch_logs"), "");
  made.variables["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_EQ(endpoint_from_environment(made.around(), "cloudwatch_logs"), "http://all");
  made.variables["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = "http://logs";
  EXPECT_EQ(endpoint_from_environment(made.around(), "cloudwatch_logs"), "http://logs");
  made.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(endpoint_from_environment(made.around(), "cloudwatch_logs"), "");
}

TEST(Roots, AreFiveCertificates) {
  const auto pem = amazon_roots();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      &BIO_free);
  int count = 0;
  for (X509* certificate; (certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) != nullptr; ++count) {
    X509_free(certificate);
  }
  EXPECT_EQ(count, 5);
}

}  // namespace
}  // namespace slipway::aws
