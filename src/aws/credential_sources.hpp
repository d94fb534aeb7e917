#pragma once
#include <optional>
#include <string>

#include "aws/credentials.hpp"
#include "aws/profiles.hpp"
#include "aws/surroundings.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

// Each place where credentials may be, asked once. A source that is set up but does not work throws; one that is not
// set up says so.
namespace slipway::aws {

struct Asked {
  std::optional<Credentials> credentials;
  std::string answer;  // why there are none: "AWS_ACCESS_KEY_ID is not set"
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
Asked from_environment(const Surroundings& around);

// The chosen profile of the shared files: keys of its own, or whatever `aws configure export-credentials` makes of it
// (roles, SSO, a second factor, credential_process).
Asked from_profile(const Surroundings& around);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, as ECS and EKS set them. A full URI over plain HTTP is asked
// only on loopback and at the addresses that AWS documents: whoever could set another would be sent the token.
Asked from_container(const Surroundings& around);

// The role of an EC2 instance (IMDSv2: never without a token), unless AWS_EC2_METADATA_DISABLED.
Asked from_instance(const Surroundings& around);

// What the metadata of the EC2 instance that we are on say ("placement/region"); empty where this is none, or they say
// nothing.
std::string instance_metadata(const Surroundings& around, const std::string& path);

// The fields that several of them answer with: AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration. Throws
// unavailable, naming the source, where one is missing.
Credentials credentials_from_json(const boost::json::object& answer, std::string_view source);

}  // namespace slipway::aws
