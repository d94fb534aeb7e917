#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::net {

using Deadline = std::chrono::steady_clock::time_point;  // max(): none

// The IPv4 address inside an sslip.io name ("a.203-0-113-9.sslip.io", "203.0.113.9.sslip.io"), or nothing.
std::optional<std::string> sslip_address(std::string_view host);

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
