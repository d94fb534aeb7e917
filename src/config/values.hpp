#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

// The scalars of slipway.yaml, each parsed by a pure function. They throw Error(invalid) whose message goes on after
// the value: "is not a port: 1 to 65535". It never repeats the value, which may be a secret; what does repeat a part of
// it is the error's first field, and is shown only where the value itself may be.
namespace slipway::config {

Millis parse_duration(std::string_view text);  // "500ms", "30s", "5m", "1h", "2d"; longer than 0, at most 366d
std::uint64_t parse_size(
    std::string_view text);  // "512B", "256KiB", "256MiB", "1GiB"; K, M, G and T likewise: powers of 1024
std::uint16_t parse_port(std::string_view text);            // 1..65535
Config::PortRange parse_port_range(std::string_view text);  // "20000-29999"
bool parse_bool(std::string_view text);
std::uint64_t parse_whole(std::string_view text, std::uint64_t least, std::uint64_t most);
double parse_decimal(std::string_view text, double least, double most);

// One of `choices`, by its place in them.
std::size_t parse_choice(std::string_view text, const std::vector<std::string>& choices);

std::string parse_line(std::string_view text);       // UTF-8, 1..255 bytes, no control characters
std::string parse_name(std::string_view text);       // what Docker and paths take: [a-z0-9][a-z0-9_-]{0,62}
std::string parse_plan_name(std::string_view text);  // a DNS label
std::string parse_env_name(std::string_view text);
std::string parse_env_template(std::string_view text);  // whose names are all known
std::string parse_image(std::string_view text);
std::string parse_health_path(std::string_view text);
std::string parse_mount_path(std::string_view text);  // absolute, inside a container
std::string parse_capability(std::string_view text);
std::string parse_ipv4(std::string_view text);
std::string parse_subnet(std::string_view text);  // "172.30.0.0/16"
std::string parse_host(std::string_view text);    // a host name or an address
std::string parse_origin(std::string_view text);  // "https://shop.example", or "*"
std::string parse_http_url(std::string_view text);
std::string parse_docker_host(std::string_view text);  // unix, tcp, http or https
std::string parse_address(std::string_view text);      // ann@example.com
std::string parse_mailbox(std::string_view text);      // "Shop <hello@shop.example>" or a bare address
Secret parse_database_url(std::string_view text);

struct Listen {
  std::string address;
  std::uint16_t port = 0;
};
Listen parse_listen(std::string_view text);  // "127.0.0.1:8080", "[::1]:8080"; port 0 takes any free one

}  // namespace slipway::config
