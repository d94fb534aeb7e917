#pragma once
#include <mutex>
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

// The key of a day, region and service, which four HMACs derive from the credentials: the last one is kept.
// Thread-safe.
class SigningKeys {
 public:
  Secret of(const Credentials& credentials, const SigningOptions& options, const std::string& day);

 private:
  std::mutex mutex_;
  std::string scope_;
  Secret secret_, key_;
};

// AWS Signature Version 4 in the header. `now` is the time that is signed; nothing but the arguments goes in.
Signature sign(const SignableRequest& request, const Credentials& credentials, const SigningOptions& options,
               TimePoint now, SigningKeys& keys);

}  // namespace slipway::aws
