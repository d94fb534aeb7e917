#include "api/client_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway::api {
namespace {

const std::string proxy = "10.0.0.9";

std::vector<AddressRange> proxies(const std::vector<std::string>& written) {
  std::vector<AddressRange> ranges;
  for (const std::string& text : written) ranges.push_back(parse_address_range(text));
  return ranges;
}

net::Headers lines(const std::string& name, const std::vector<std::string>& values) {
  net::Headers headers;
  for (const std::string& value : values) headers.emplace_back(name, value);
  return headers;
}

std::string seen(const std::string& name, const std::vector<std::string>& values, const std::string& peer = proxy) {
  return client_address(peer, lines(name, values), proxies({"10.0.0.0/24", "2001:db8:ff::/48", "127.0.0.1"}));
}

struct Row {
  std::vector<std::string> lines;
  std::string client;
};

TEST(ClientAddress, OfXForwardedFor) {
  const std::vector<Row> rows = {
      {{}, proxy},
      {{"203.0.113.7"}, "203.0.113.7"},
      {{"1.1.1.1, 203.0.113.7"}, "203.0.113.7"},
      {{"1.1.1.1", "203.0.113.7"}, "203.0.113.7"},  // HAProxy appends a line of its own
      {{"1.1.1.1, 203.0.113.7", "10.0.0.4"}, "203.0.113.7"},
      {{"1.1.1.1, 203.0.113.7,10.0.0.5 ,\t10.0.0.4"}, "203.0.113.7"},
      {{"10.0.0.6, 10.0.0.5"}, "10.0.0.6"},
      {{"203.0.113.7:51001"}, "203.0.113.7"},
      {{"203.0.113.7:_hidden"}, "203.0.113.7"},
      {{"2001:db8:1:2::7"}, "2001:db8:1:2::7"},
      {{"2001:DB8:1:2:0:0:0:7"}, "2001:db8:1:2::7"},
      {{"[2001:db8:1:2::7]"}, "2001:db8:1:2::7"},
      {{"[2001:db8:1:2::7]:443"}, "2001:db8:1:2::7"},
      {{"fe80::7%eth0"}, "fe80::7"},
      {{"[fe80::7%25eth0]:80"}, "fe80::7"},
      {{"::ffff:203.0.113.7"}, "203.0.113.7"},
      {{"[::FFFF:cb00:7107]:443"}, "203.0.113.7"},
      {{"203.0.113.7", "::ffff:10.0.0.4"}, "203.0.113.7"},
      {{"203.0.113.7, 2001:db8:ff:1::1"}, "203.0.113.7"},
      // What is no address: the proxy that passed it on.
      {{""}, proxy},
      {{"203.0.113.7,"}, proxy},
      {{"203.0.113.7", ""}, proxy},
      {{"203.0.113.7, , 10.0.0.4"}, "10.0.0.4"},
      {{"1.1.1.1, unknown"}, proxy},
      {{"1.1.1.1, unknown, 10.0.0.4"}, "10.0.0.4"},
      {{"1.1.1.1, <script>"}, proxy},
      {{"1.1.1"}, proxy},
      {{"010.1.1.1"}, proxy},
      {{"0x01010101"}, proxy},
      {{"1.1.1.1 2.2.2.2"}, proxy},
      {{"1.1.1.1:"}, proxy},
      {{"1.1.1.1:http"}, proxy},
      {{"1.1.1.1:65536"}, proxy},
      {{"1.1.1.1%eth0"}, proxy},
      {{"[1.1.1.1]"}, proxy},
      {{"[2001:db8::1"}, proxy},
      {{"[2001:db8::1]x"}, proxy},
      {{"2001:db8::1::2"}, proxy},
      {{std::string("1.1.1.1\0x", 9)}, proxy},
      {{std::string(5'000, ':')}, proxy},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(seen("X-Forwarded-For", row.lines), row.client) << testing::PrintToString(row.lines);
  }
  EXPECT_EQ(seen("x-FORWARDED-for", {"203.0.113.7"}), "203.0.113.7");
}

TEST(ClientAddress, OfForwarded) {
  const std::vector<Row> rows = {
      {{"for=203.0.113.7"}, "203.0.113.7"},
      {{"For=203.0.113.7;proto=https;by=10.0.0.4"}, "203.0.113.7"},
      {{"proto=https; FOR=\"203.0.113.7:4711\""}, "203.0.113.7"},
      {{"for=\"[2001:db8:1:2::7]:4711\""}, "2001:db8:1:2::7"},
      {{"for=\"[2001:db8:1:2::7]\", for=10.0.0.4"}, "2001:db8:1:2::7"},
      {{"for=1.1.1.1, for=203.0.113.7"}, "203.0.113.7"},
      {{"for=1.1.1.1", "for=203.0.113.7", "for=10.0.0.4"}, "203.0.113.7"},
      {{"for=\"203.0.113.\\7\""}, "203.0.113.7"},
      {{"for=1.1.1.1, for=unknown"}, proxy},
      {{"for=1.1.1.1, for=_hidden"}, proxy},
      {{"for=1.1.1.1, for=\"_SEVKISEK\", for=10.0.0.4"}, "10.0.0.4"},
      {{"for=1.1.1.1, proto=https"}, proxy},
      {{"for=1.1.1.1,"}, proxy},
      {{"proto=https"}, proxy},
      {{"203.0.113.7"}, proxy},
      {{"for=\"203.0.113.7"}, proxy},
      {{"for=1.1.1.1;for=2.2.2.2"}, proxy},
      {{"for=1.1.1.1;x=\", for=203.0.113.7"}, proxy},  // an open quote hides what the proxy has appended
      {{"for=1.1.1.1;x=\"", "for=203.0.113.7"}, "203.0.113.7"},
      {{"for=1.1.1.1;x=\"", "for=10.0.0.4"}, "10.0.0.4"},
      {{"for=\"1.1.1.1\"x"}, proxy},
  };
  for (const Row& row : rows) EXPECT_EQ(seen("Forwarded", row.lines), row.client) << testing::PrintToString(row.lines);
}

TEST(ClientAddress, WhereBothHeadersAreThereTheyMustAgree) {
  const auto both = [](const std::string& list, const std::string& forwarded) {
    return client_address(proxy, {{"Forwarded", forwarded}, {"X-Forwarded-For", list}}, proxies({proxy}));
  };
  EXPECT_EQ(both("1.1.1.1, 203.0.113.7", "for=\"203.0.113.7:80\""), "203.0.113.7");
  EXPECT_EQ(both("203.0.113.7", "proto=https"), "203.0.113.7") << "which names nobody";
  // A proxy writes one of them and passes the other on: which one cannot be known.
  EXPECT_EQ(both("203.0.113.7", "for=1.1.1.1"), proxy);
  EXPECT_EQ(both("1.1.1.1", "for=203.0.113.7"), proxy);
  EXPECT_EQ(both("203.0.113.7", "for=unknown"), proxy);
  EXPECT_EQ(both("203.0.113.7", "\""), proxy);
}

TEST(ClientAddress, IsThePeerItselfUnlessThatIsATrustedProxy) {
  EXPECT_EQ(seen("X-Forwarded-For", {"1.1.1.1"}, "10.0.1.9"), "10.0.1.9");
  EXPECT_EQ(seen("Forwarded", {"for=1.1.1.1"}, "2001:DB8:1::0:9"), "2001:db8:1::9");
  EXPECT_EQ(seen("X-Forwarded-For", {"1.1.1.1"}, "::ffff:127.0.0.1"), "1.1.1.1") << "a listener for both families";
  EXPECT_EQ(seen("X-Forwarded-For", {"1.1.1.1"}, "2001:db8:ff::5"), "1.1.1.1");
  EXPECT_EQ(seen("X-Forwarded-For", {"1.1.1.1"}, "fe80::1%eth0"), "fe80::1");
}

TEST(ClientAddress, CountsOneIpv6LineAsOneClient) {
  EXPECT_EQ(client_of("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:2:ffff::7"));
  EXPECT_NE(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:3::1"));
}

TEST(AddressRange, HasOneMeaningForAllSpellings) {
  const auto holds = [](const std::string& range, const std::string& peer) {
    return client_address(peer, {{"X-Forwarded-For", "1.1.1.1"}}, proxies({range})) == "1.1.1.1";
  };
  EXPECT_TRUE(holds("10.0.0.5/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(holds("10.0.0.0/9", "10.127.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/9", "10.128.0.1"));
  EXPECT_TRUE(holds("::ffff:10.0.0.9", "10.0.0.9"));
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.7.7.7"));
  EXPECT_TRUE(holds("2001:DB8:0::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_FALSE(holds("::/1", "10.0.0.9"));
  for (const char* wrong :
       {"", "proxy.example", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/x", "0.0.0.0/0", "::/0", "::/129",
        "::ffff:0.0.0.0/96", "10.0.0.0/8/8", "fe80::1%eth0", "[::1]", "127.0.0.1:80"}) {
    EXPECT_THROW(parse_address_range(wrong), Error) << wrong;
  }
}

TEST(Tls, IsBelievedOfTrustedProxiesOnly) {
  const auto tls = [](const std::string& peer, const net::Headers& headers) {
    return came_over_tls(peer, headers, proxies({proxy}));
  };
  EXPECT_TRUE(tls(proxy, {{"X-Forwarded-Proto", "HTTPS"}}));
  EXPECT_TRUE(tls("::ffff:" + proxy, {{"X-Forwarded-Proto", "https"}}));
  EXPECT_FALSE(tls("203.0.113.7", {{"X-Forwarded-Proto", "https"}}));
  EXPECT_FALSE(tls("203.0.113.7", {{"Forwarded", "proto=https"}}));
  EXPECT_FALSE(tls(proxy, {}));
  EXPECT_FALSE(tls(proxy, {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}));
  EXPECT_FALSE(tls(proxy, {{"X-Forwarded-Proto", "javascript:x"}}));
  EXPECT_FALSE(tls(proxy, {{"X-Forwarded-Proto", "http"}, {"Forwarded", "proto=https"}}));
  EXPECT_TRUE(tls(proxy, {{"Forwarded", "for=1.1.1.1;proto=http, for=1.1.1.1;proto=\"https\""}}));
  EXPECT_FALSE(tls(proxy, {{"Forwarded", "for=1.1.1.1;proto=https, for=1.1.1.1"}}));
}

}  // namespace
}  // namespace slipway::api
