#pragma once
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/http_client.hpp"

namespace slipway::docker {

inline constexpr std::string_view oldest_api = "1.41";

struct Call {
  std::string method = "GET";
  std::string path;  // below the version, with its query, encoded: "/containers/json?all=1"
  std::string body;  // JSON, where the headers do not say otherwise
  net::Headers headers;
  Millis timeout{15'000};
};

// Speaks a version of the Engine API: 1.41, or the oldest that a newer engine still takes. Thread-safe.
// Errors: unavailable where the engine cannot be reached or its answer is torn. A refusal is an answer, not an error.
class EngineClient {
 public:
  explicit EngineClient(net::Endpoint endpoint);

  net::Response call(const Call& call);
  // As net::HttpClient::stream: `call.timeout` bounds each silence (0: no bound). Status 0: stopped before the answer.
  net::Response stream(const Call& call, const std::function<bool(std::string_view)>& chunk, std::stop_token stop);

  // As net::HttpClient::open_stream, with the version that is known by then: ask something else before.
  std::unique_ptr<net::HttpStream> open_stream(const Call& call, std::stop_token stop);

  // GET /version, which has no version of its own.
  boost::json::object version(Millis timeout);

  const std::string& url() const { return endpoint_.url; }

 private:
  net::ClientRequest request(const Call& call);
  // True where the engine refused our version; from then on the oldest one that it takes is spoken.
  bool adopt_version(const net::Response& refusal);

  const net::Endpoint endpoint_;
  net::HttpClient http_;
  std::mutex mutex_;
  std::string version_{oldest_api};
};

// What an answer should hold: Error(internal) where it does not.
boost::json::object as_object(const net::Response& response);
boost::json::array as_array(const net::Response& response);

// "1.41" < "1.9" is false: compares the parts as numbers.
bool version_less(std::string_view a, std::string_view b);

// One query value that is JSON, encoded: filters.
std::string encoded_json(const boost::json::value& value);

}  // namespace slipway::docker
