#pragma once
#include <string>

#include "aws/credentials.hpp"
#include "net/http.hpp"

namespace slipway::aws {

// What is signed: the path and query as they go over the wire, and every header but those that are changed on the way.
// `headers` must hold Host.
struct SignableRequest {
  std::string method = "POST";
  std::string path = "/";
  std::string query{};
  net::Headers headers{};
  std::string body{};
};

struct SigningOptions {
  std::string region;
  std::string service;               // the service's signing name
  bool normalize_path = true;        // "/a/../b//" is signed as "/b/"; S3 alone wants false
  bool content_hash_header = false;  // X-Amz-Content-Sha256, which S3 wants
  bool sign_session_token = true;    // false: X-Amz-Security-Token is added after signing, as some services want it
};

struct Signature {
  std::string canonical_request;  // this and what follows hold a session token: not for logs
  std::string string_to_sign;
  std::string signature;
  net::Headers headers;  // to be added to the request: X-Amz-Date, X-Amz-Security-Token, Authorization
};

// AWS Signature Version 4 in the header. A pure function: `now` is the time that is signed.
Signature sign(const SignableRequest& request, const Credentials& credentials, const SigningOptions& options,
               TimePoint now);

}  // namespace slipway::aws
