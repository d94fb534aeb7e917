#include "api/client_address.hpp"

#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t node_limit_bytes = 128;
constexpr unsigned ipv4_bits = 32;
constexpr unsigned ipv6_bits = 128;
constexpr unsigned client_bits = 64;

std::optional<unsigned> whole_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() > node_limit_bytes || text.find('\0') != text.npos) return std::nullopt;
  if (text.find(':') != text.npos) text = text.substr(0, text.find('%'));  // the zone: an interface of some machine
  boost::system::error_code error;
  const Address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

// RFC 7239, 6: a number, or "_" and a word that hides it.
bool is_port(std::string_view text) {
  if (text.starts_with('_')) return is_token(text.substr(1));
  return text.size() <= 5 && whole_number(text, 65'535).has_value();
}

// An address as proxies write it: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<Address> parse_node(std::string_view text) {
  std::string_view address = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    address = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (address.find(':') == address.npos) return std::nullopt;
  } else if (const auto colon = text.find(':'); colon != text.npos && text.find(':', colon + 1) == text.npos) {
    address = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return parse_address(address);
}

std::vector<std::string> lines_of(const net::Headers& headers, std::string_view name) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : headers) {
    if (net::same_ignoring_case(key, name)) lines.push_back(value);
  }
  return lines;
}

// Lines of one header are one list, in order (RFC 9110, 5.3).
std::vector<std::string> elements_of(const net::Headers& headers, std::string_view name) {
  std::vector<std::string> elements;
  for (const std::string& line : lines_of(headers, name)) {
    for (const std::string& element : split(line, ',')) elements.push_back(trimmed(element));
  }
  return elements;
}

// One element of Forwarded: parameter, in lower case -> value.
using Parameters = std::map<std::string, std::string, std::less<>>;

// Reads a line of Forwarded (RFC 7239, 4). A line that breaks the rules is one element that says nothing: where a quote
// is left open, nobody can tell what a proxy has appended from what it was given.
class ForwardedLine {
 public:
  explicit ForwardedLine(std::string_view line) : rest_(line) {}

  std::vector<Parameters> elements() {
    std::vector<Parameters> all(1);
    while (true) {
      skip_blanks();
      if (!rest_.empty() && rest_.front() != ',' && rest_.front() != ';' && !read_pair(all.back())) return {{}};
      skip_blanks();
      if (rest_.empty()) return all;
      if (rest_.front() == ',') {
        all.emplace_back();
      } else if (rest_.front() != ';') {
        return {{}};
      }
      rest_.remove_prefix(1);
    }
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  bool read_pair(Parameters& into) {
    const auto equals = rest_.find('=');
    if (equals == rest_.npos || !is_token(rest_.substr(0, equals))) return false;
    const std::string name = lowered_ascii(rest_.substr(0, equals));
    rest_.remove_prefix(equals + 1);
    std::string value;
    if (!read_value(value)) return false;
    return into.emplace(name, value).second;  // each at most once
  }

  bool read_value(std::string& into) {
    if (!rest_.starts_with('"')) {
      into = rest_.substr(0, std::min(rest_.find_first_of(",; \t"), rest_.size()));
      rest_.remove_prefix(into.size());
      // Not a token by the letter, but written by proxies: an address with a port or in brackets.
      return !into.empty() && into.find('"') == into.npos;
    }
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) return false;
      into += rest_[i];
    }
    return false;
  }

  std::string_view rest_;
};

std::vector<Parameters> forwarded_of(const net::Headers& headers) {
  std::vector<Parameters> all;
  for (const std::string& line : lines_of(headers, "Forwarded")) {
    for (Parameters& element : ForwardedLine(line).elements()) all.push_back(std::move(element));
  }
  return all;
}

// Who each element says that it was forwarded for; nothing where no element says it.
std::vector<std::string> forwarded_for(const net::Headers& headers) {
  const std::vector<Parameters> elements = forwarded_of(headers);
  const auto value = [](const Parameters& p, std::string_view name) {
    const auto found = p.find(name);
    return found == p.end() ? std::string() : found->second;
  };
  const bool broken = std::any_of(elements.begin(), elements.end(), [](const auto& p) { return p.empty(); });
  const bool says = std::any_of(elements.begin(), elements.end(), [](const auto& p) { return p.contains("for"); });
  std::vector<std::string> nodes;
  if (!broken && !says) return nodes;
  for (const Parameters& element : elements) nodes.push_back(value(element, "for"));
  return nodes;
}

bool is_trusted(const Address& address, const std::vector<AddressRange>& trusted) {
  return std::any_of(trusted.begin(), trusted.end(), [&](const AddressRange& r) { return r.contains(address); });
}

Address walk(Address from, const std::vector<std::string>& nodes, const std::vector<AddressRange>& trusted) {
  for (auto node = nodes.rbegin(); node != nodes.rend() && is_trusted(from, trusted); ++node) {
    const auto address = parse_node(*node);
    if (!address) break;
    from = *address;
  }
  return from;
}

}  // namespace

bool AddressRange::contains(const Address& address) const {
  if (address.is_v4() != first.is_v4()) return false;
  const auto shares_bits = [this](const auto& a, const auto& b) {
    for (unsigned bit = 0; bit < bits; ++bit) {
      const unsigned mask = 0x80u >> bit % 8;
      if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) return false;
    }
    return true;
  };
  if (first.is_v4()) return shares_bits(first.to_v4().to_bytes(), address.to_v4().to_bytes());
  return shares_bits(first.to_v6().to_bytes(), address.to_v6().to_bytes());
}

AddressRange parse_address_range(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view written = text.substr(0, slash);
  const auto address = written.find('%') == written.npos ? parse_address(written) : std::nullopt;
  if (!address) throw Error(ErrorKind::invalid, "is not an IP address or range such as 127.0.0.1 or 10.0.0.0/8");
  const unsigned all = address->is_v4() ? ipv4_bits : ipv6_bits;
  if (slash == text.npos) return {*address, all};
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const unsigned mapped = address->is_v4() && written.find(':') != written.npos ? ipv6_bits - ipv4_bits : 0;
  const auto bits = whole_number(text.substr(slash + 1), all + mapped);
  if (!bits || *bits <= mapped) {
    throw Error(ErrorKind::invalid,
                "must end with /1 to /32 for IPv4 or /1 to /128 for IPv6: a range of everybody "
                "would let each client choose its address");
  }
  return {*address, *bits - mapped};
}

std::string client_address(const std::string& peer, const net::Headers& headers,
                           const std::vector<AddressRange>& trusted) {
  const auto from = parse_address(peer);
  if (!from) return peer;
  if (!is_trusted(*from, trusted)) return from->to_string();
  const auto by_list = elements_of(headers, "X-Forwarded-For");
  const auto by_rfc7239 = forwarded_for(headers);
  const Address client = walk(*from, by_list.empty() ? by_rfc7239 : by_list, trusted);
  const bool agree = by_list.empty() || by_rfc7239.empty() || walk(*from, by_rfc7239, trusted) == client;
  return (agree ? client : *from).to_string();
}

bool came_over_tls(const std::string& peer, const net::Headers& headers, const std::vector<AddressRange>& trusted) {
  const auto from = parse_address(peer);
  if (!from || !is_trusted(*from, trusted)) return false;
  if (const auto schemes = elements_of(headers, "X-Forwarded-Proto"); !schemes.empty()) {
    return net::same_ignoring_case(schemes.back(), "https");
  }
  const auto elements = forwarded_of(headers);
  if (elements.empty()) return false;
  const auto scheme = elements.back().find("proto");
  return scheme != elements.back().end() && net::same_ignoring_case(scheme->second, "https");
}

std::string client_of(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed || parsed->is_v4()) return address;
  return ip::make_network_v6(parsed->to_v6(), client_bits).canonical().to_string();
}

}  // namespace slipway::api
