#include "drivers/database/postgres/addresses.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::postgres {
namespace {

bool needs_look_up(const std::string& host) {
  return !host.empty() && host.front() != '/' && host.front() != '@' && host != "localhost";
}

}  // namespace

Addresses look_up(net::Resolver& resolver, const std::string& hosts, const std::string& ports, net::Deadline deadline) {
  const auto names = split(hosts, ',');
  const auto numbers = split(ports, ',');
  Addresses found;
  std::string failure;
  bool any = false;
  const auto add = [&](std::size_t i, const std::string& address) {
    const std::string separator = any ? "," : "";
    found.hosts += separator + names[i];
    found.hostaddrs += separator + address;
    found.ports += separator + (numbers.size() == names.size() ? numbers[i] : numbers.front());
    any = true;
  };
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!needs_look_up(names[i])) {
      add(i, "");
      continue;
    }
    const auto answer = resolver.resolve(names[i], deadline, {});
    for (const std::string& address : answer.addresses) add(i, address);
    if (answer.addresses.empty()) failure = fmt::format("{}: {}", names[i], answer.failure);
  }
  if (!any) throw Error(ErrorKind::unavailable, failure);
  return found;
}

}  // namespace slipway::postgres
