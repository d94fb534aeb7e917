#pragma once
#include <string>
#include <vector>

#include "api/client_address.hpp"

namespace slipway::api {

// What an operator decides about access.
struct AccessPolicy {
  std::vector<std::string> cors_origins;      // "https://shop.example", or "*"; empty: no browser of another origin
  std::vector<AddressRange> trusted_proxies;  // who is believed about whom a request came from
  double sign_ups_per_key = 600;              // per minute; 0: as many as come
  double sign_ups_per_address = 60;
};

}  // namespace slipway::api
