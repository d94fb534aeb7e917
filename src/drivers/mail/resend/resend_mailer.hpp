#pragma once
#include <string>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "contracts/mailer.hpp"
#include "net/http_client.hpp"

namespace slipway::mail {

struct ResendOptions {
  Secret api_key;
  std::string endpoint = "https://api.resend.com";
  Millis timeout{30'000};
  std::string ca_file;  // PEM; empty: the system's roots
};

// Sends through Resend's API, with the key as its Idempotency-Key: within 24 hours a repeat is not sent again and
// returns the first id. Thread-safe. Errors: see resend_error; unavailable also for what the network does.
class ResendMailer : public Mailer {
 public:
  explicit ResendMailer(ResendOptions options);

  std::string send(const Message& message, const std::string& key) override;
  std::string check() override;

 private:
  net::Response call(const std::string& method, const std::string& target, net::Headers headers, std::string body);

  ResendOptions options_;
  net::HttpClient http_;
};

// How an answer that is no success reads as an error.
Error resend_error(const net::Response& answer);

}  // namespace slipway::mail
