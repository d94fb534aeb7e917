#pragma once
#include <boost/json.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace slipway::docker {

// Takes apart a stream of JSON objects, one a line, fed in any pieces: a pull's progress, the engine's events.
class JsonLines {
 public:
  using Sink = std::function<void(const boost::json::object& line)>;
  // Throws internal for a line that is no JSON object or is longer than 1 MiB.
  void feed(std::string_view chunk, const Sink& sink);
  // The stream is over: what is left is a line.
  void finish(const Sink& sink);

 private:
  std::string buffer_;
};

}  // namespace slipway::docker
