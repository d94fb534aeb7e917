#pragma once
#include <string>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

struct ProbeResult {
  bool ready = false;
  std::string detail;  // "200", "connection refused", "503": what came back
};

// Where an instance is published. It is never found by the name in its URL: whoever signs up chose that.
struct ProbeTarget {
  std::string address;  // of the machine: "127.0.0.1"
  Port port;
};

// Asks an instance whether it is ready, the way its customer would. A fifth edge of the machine beside the four
// contracts.
class Probe {
 public:
  virtual ~Probe() = default;
  // One GET of `url` (scheme, host, port, path), sent to `target`, at most `timeout`. Ready is a 2xx or 3xx answer.
  // Does not throw for anything that the instance or the network did.
  virtual ProbeResult ask(const ProbeTarget& target, const std::string& url, Millis timeout) = 0;
};

}  // namespace slipway
