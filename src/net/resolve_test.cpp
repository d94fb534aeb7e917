#include "net/resolve.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "net/endpoint.hpp"
#include "net/http_client.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;

TEST(SslipAddress, StandsInTheName) {
  EXPECT_EQ(sslip_address("203-0-113-9.sslip.io"), "203.0.113.9");
  EXPECT_EQ(sslip_address("a.203-0-113-9.sslip.io"), "203.0.113.9");
  EXPECT_EQ(sslip_address("a-203-0-113-9.sslip.io"), "203.0.113.9");
  EXPECT_EQ(sslip_address("203.0.113.9.sslip.io"), "203.0.113.9");
  EXPECT_EQ(sslip_address("a.b.203.0.113.9.sslip.io."), "203.0.113.9");
  EXPECT_EQ(sslip_address("a.203-0-113-9.SSLIP.IO"), "203.0.113.9");
  // As sslip.io's own servers: the leftmost, dashes first.
  EXPECT_EQ(sslip_address("1-2-3-4.203-0-113-9.sslip.io"), "1.2.3.4");
  EXPECT_EQ(sslip_address("1.2.3.4.203-0-113-9.sslip.io"), "203.0.113.9");
}

TEST(SslipAddress, NothingWhereThereIsNone) {
  for (const auto* host : {"sslip.io", ".sslip.io", "a.sslip.io", "203-0-113.sslip.io", "203-0-113-256.sslip.io",
                           "203-0-113-9.example.org", "203-0.113-9.sslip.io", "x203-0-113-9.sslip.io",
                           "203-0-113-9x.sslip.io", "203-0-113-9.evilsslip.io", "203-0-113-1234.sslip.io"}) {
    EXPECT_EQ(sslip_address(host), std::nullopt) << host;
  }
}

Resolver::Answer resolve(const std::string& host) {
  return Resolver().resolve(host, std::chrono::steady_clock::now() + 20s, {});
}

TEST(Resolver, KnowsLocalNamesAndNumbers) {
  EXPECT_EQ(resolve("localhost").addresses, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(resolve("acme.LOCALHOST").addresses, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(resolve("10.1.2.3").addresses, std::vector<std::string>{"10.1.2.3"});
  EXPECT_EQ(resolve("::1").addresses, std::vector<std::string>{"::1"});
  EXPECT_EQ(resolve("a.10-1-2-3.sslip.io").addresses, std::vector<std::string>{"10.1.2.3"});
}

TEST(Resolver, SaysWhyThereIsNoAddress) {
  const auto answer = resolve("no-such-host.invalid");
  EXPECT_TRUE(answer.addresses.empty());
  EXPECT_FALSE(answer.failure.empty());
}

TEST(Resolver, KeepsTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const auto answer = Resolver().resolve("no-such-host.invalid", start, {});
  EXPECT_TRUE(answer.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST(Endpoint, IsTakenApart) {
  const auto plain = parse_endpoint("http://app.localhost:8000");
  EXPECT_EQ(plain.host, "app.localhost");
  EXPECT_EQ(plain.port, 8000);
  EXPECT_EQ(plain.host_header, "app.localhost:8000");
  const auto tls = parse_endpoint("https://u:secret@api.resend.com/v1/");
  EXPECT_TRUE(tls.tls);
  EXPECT_EQ(tls.port, 443);
  EXPECT_EQ(tls.host_header, "api.resend.com");
  EXPECT_EQ(tls.shown, "https://api.resend.com/v1");
  const auto six = parse_endpoint("http://[::1]:81");
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.host_header, "[::1]:81");
  EXPECT_EQ(parse_endpoint("unix:///run/x.sock").socket_path, "/run/x.sock");
}

TEST(Endpoint, RefusesOthersWithoutShowingAPassword) {
  for (const auto* url : {"", "ftp://x", "http://", "unix://relative", "http://u:hunter2@host:99999",
                          "tcp://u:hunter2@h", "http://host:0"}) {
    try {
      parse_endpoint(url);
      ADD_FAILURE() << url;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::invalid);
      EXPECT_EQ(e.message().find("hunter2"), std::string::npos) << e.message();
    }
  }
}

}  // namespace
}  // namespace slipway::net
