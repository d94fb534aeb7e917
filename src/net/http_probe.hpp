#pragma once
#include <string>

#include "contracts/probe.hpp"

namespace slipway::net {

// Asks over HTTP, each time on a new connection: only that proves that the next customer can connect. Thread-safe.
class HttpProbe : public Probe {
 public:
  // The detail is the status ("200") or what went wrong ("connection refused", "no answer within 2 s"). Interim answers
  // (1xx) are passed over. The URL's name is sent, and verified under TLS, but never looked up. Throws invalid for a
  // URL that is not http or https, since no instance can mend that.
  ProbeResult ask(const ProbeTarget& target, const std::string& url, Millis timeout) override;
};

}  // namespace slipway::net
