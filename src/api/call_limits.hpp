#pragma once
#include <string>
#include <vector>

#include "api/client_address.hpp"

namespace slipway::api {

// What slipway.yaml says of calls: which browsers and proxies are believed, and how many sign-ups are let in.
struct CallLimits {
  std::vector<std::string> cors_origins;      // "https://shop.example", or "*"; empty: no browser of another origin
  std::vector<AddressRange> trusted_proxies;  // who is believed about whom a request came from
  double sign_ups_per_key = 600;              // per minute; 0: as many as come
  double sign_ups_per_address = 60;
};

}  // namespace slipway::api
