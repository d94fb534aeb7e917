#pragma once
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace slipway::net {

using Deadline = std::chrono::steady_clock::time_point;  // max(): none

// Host names to addresses. Numeric addresses, "localhost", "*.localhost" and sslip.io names need no look-up; everything
// else asks the system's resolver on a thread of its own, because getaddrinfo() knows no deadline: one that is late is
// left behind and ends by itself. At most 16 of them exist at a time.
class Resolver {
 public:
  Resolver();

  struct Answer {
    std::vector<std::string> addresses;  // numeric, IPv4 or IPv6
    std::string failure;                 // why there are none
    bool timed_out = false;
  };
  Answer resolve(const std::string& host, Deadline deadline, const std::stop_token& stop);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace slipway::net
