#pragma once
#include <string>

#include "aws/client.hpp"
#include "aws/signer.hpp"
#include "net/http_client.hpp"

namespace slipway::aws {

// One bucket of S3, as far as code is brought into an account through it. Errors: those of Client.
class Bucket {
 public:
  Bucket(const Session& session, std::string name);

  bool has(const std::string& key);
  void put(const std::string& key, const std::string& body);
  // Every object in it, by as many calls as that takes.
  void empty();
  // The bucket itself, when it is empty. Absent is success.
  void remove() { send("DELETE", "", "", ""); }

 private:
  net::Response send(const std::string& method, const std::string& path, const std::string& query,
                     const std::string& body);
  net::Response try_once(const std::string& method, const std::string& path, const std::string& query,
                         const std::string& body);

  const Session session_;
  const std::string name_;
  const net::Endpoint endpoint_;
  net::HttpClient http_;
  SigningKeys keys_;
};

}  // namespace slipway::aws
