#pragma once
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/service.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "net/http.hpp"

namespace slipway::aws {

// A service's refusal. `code` is the bare name ("ConditionalCheckFailedException"); the kind and the message are those
// of any Error: throttling is limited; access denied is forbidden; bad or expired credentials are unauthorized; a
// missing thing is not_found; a failed condition or a clash is conflict; other 4xx are invalid; 5xx are unavailable.
class ServiceError : public Error {
 public:
  ServiceError(ErrorKind kind, std::string message, std::string code, boost::json::object details)
      : Error(kind, std::move(message)), code_(std::move(code)), details_(std::move(details)) {}
  const std::string& code() const { return code_; }
  // The whole answer of a JSON service (such as a transaction's CancellationReasons); empty for the others.
  const boost::json::object& details() const { return details_; }

 private:
  std::string code_;
  boost::json::object details_;
};

// One account and region, as every client of a process shares it. References outlive the clients.
struct Session {
  std::string region;  // "eu-central-1"
  CredentialsProvider& credentials;
  const Clock& clock;
  Random& random;
  // An endpoint in place of AWS's own for a service id, as AWS_ENDPOINT_URL[_SERVICE] say it; empty: AWS's own.
  std::function<std::string(const std::string& service_id)> endpoint_override;
  bool use_fips = false;
  bool use_dual_stack = false;
  std::string ca_file{};                // AWS_CA_BUNDLE; empty: what follows
  std::string ca_pem{};                 // trusted roots for AWS's own endpoints (amazon_roots()); empty: the system's
  std::function<void(Millis)> sleep{};  // empty: the thread sleeps
};

struct CallOptions {
  Millis timeout{10'000};  // of one try
  unsigned tries = 4;      // the first one included; what can be tried again waits with full jitter and a shared budget
};

using Parameters = std::vector<std::pair<std::string, std::string>>;  // of the query protocol: "Filter.1.Name"

// An answer of the query protocol as a tree: an element's text, or its children in order. Names without namespaces.
struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view name) const;             // the first of that name, or nullptr
  std::string text_at(std::string_view path) const;                 // "DescribeStacksResult/Stacks"; empty where absent
  std::vector<const XmlElement*> all(std::string_view path) const;  // every element at that path
};

// Speaks to one service: signs (SigV4), limits its own rate where the service's buckets are known (ECS), retries what
// AWS says can be retried, and turns refusals into ServiceError. Thread-safe; keeps connections alive.
class Client {
 public:
  Client(const Session& session, const Service& service);
  ~Client();

  // JSON services: `operation` such as "RunTask". Errors: ServiceError, or unavailable where nothing came back.
  boost::json::object call(std::string_view operation, const boost::json::object& input,
                           const CallOptions& options = {});

  // Query services.
  XmlElement call(std::string_view operation, const Parameters& parameters, const CallOptions& options = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::aws
