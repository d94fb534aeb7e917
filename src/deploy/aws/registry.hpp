#pragma once
#include <string>

#include "base/secret.hpp"
#include "deploy/aws/image.hpp"
#include "net/http_client.hpp"

namespace slipway::deploy {

// Puts images into a registry (OCI Distribution 1.0, "push"). What the registry has already is not sent again.
// Errors: unauthorized, forbidden, unavailable, internal.
class Registry {
 public:
  // `basic` is base64 of "user:password", as ECR's GetAuthorizationToken gives it; empty: no login.
  Registry(const std::string& url, Secret basic);

  bool has(const std::string& repository, const std::string& reference);  // a tag or a digest
  void push(const std::string& repository, const Image& image, const std::string& tag);

 private:
  net::Response send(const std::string& method, const std::string& target, net::Headers headers = {},
                     std::string body = {});
  void push_blob(const std::string& repository, const Blob& blob);

  const std::string url_;
  const Secret basic_;
  net::HttpClient http_;
};

}  // namespace slipway::deploy
