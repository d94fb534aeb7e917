#pragma once
#include <string>

#include "contracts/probe.hpp"

namespace slipway::net {

// Asks over HTTP, each time on a new connection: only that proves that the next customer can connect. Thread-safe.
class HttpProbe : public Probe {
 public:
  // `address`: a host to connect to instead of the URL's, where this machine cannot reach its own public address; the
  // URL's name is still sent (and verified under TLS). Empty: the URL's own.
  explicit HttpProbe(std::string address) : address_(std::move(address)) {}

  // The detail is the status ("200") or what went wrong ("connection refused", "no answer within 2 s"). Throws invalid
  // for a URL that is not http or https, since no instance can mend that.
  ProbeResult ask(const std::string& url, Millis timeout) override;

 private:
  std::string address_;
};

}  // namespace slipway::net
