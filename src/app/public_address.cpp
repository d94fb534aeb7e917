#include "app/public_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

#include "app/own_commands.hpp"
#include "aws/credential_sources.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

bool is_ec2() {
  std::string vendor;
  std::getline(std::ifstream("/sys/devices/virtual/dmi/id/sys_vendor"), vendor);
  return trimmed(vendor) == "Amazon EC2";
}

// Connecting a UDP socket sends nothing; it only makes the kernel choose the interface. 192.0.2.1 is a documentation
// address (RFC 5737).
std::string address_of_outgoing_interface() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(9);
  inet_pton(AF_INET, "192.0.2.1", &target.sin_addr);
  sockaddr_in own{};
  socklen_t size = sizeof own;
  char text[INET_ADDRSTRLEN] = "";
  if (connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) {
    inet_ntop(AF_INET, &own.sin_addr, text, sizeof text);
  }
  close(fd);
  return text;
}

}  // namespace

std::string find_public_address() {
  if (is_ec2()) {
    // They may be switched off; the interface is the next best answer.
    const std::string address = aws::instance_metadata({process_environment(), {}, ""}, "public-ipv4");
    if (!address.empty()) return address;
  }
  const std::string address = address_of_outgoing_interface();
  if (address.empty()) {
    throw Error(
        ErrorKind::not_found,
        "could not find this machine's public address: set `access.address` to it, or `access.domain: localhost` "
        "to try Slipway out without one");
  }
  return address;
}

bool is_private_address(const std::string& address) {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return false;
  const std::uint32_t a = ntohl(parsed.s_addr);
  const auto in = [a](std::uint32_t network, int bits) { return a >> (32 - bits) == network >> (32 - bits); };
  return in(0x0A000000, 8) || in(0xAC100000, 12) || in(0xC0A80000, 16) || in(0x7F000000, 8) || in(0xA9FE0000, 16) ||
         in(0x64400000, 10);
}

// Only an interface's own address can be bound.
bool is_own_address(const std::string& address) {
  sockaddr_in own{};
  own.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &own.sin_addr) != 1 || own.sin_addr.s_addr == INADDR_ANY) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0;
  close(fd);
  return bound;
}

}  // namespace slipway
