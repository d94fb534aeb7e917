// The client over TLS, against a plain blocking OpenSSL server with certificates made on the spot.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fstream>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "net/http_client.hpp"
#include "net/http_probe.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// A key and a certificate that it signed itself, in two files of a directory that goes with the object.
struct Identity {
  explicit Identity(const char* alternative_names) {
    char pattern[] = "/tmp/slipway-tls-XXXXXX";
    directory = ::mkdtemp(pattern);
    cert_file = directory + "/cert.pem";
    key_file = directory + "/key.pem";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("slipway test"), -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_names);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
    write(cert_file, [&](FILE* file) { PEM_write_X509(file, cert); });
    write(key_file, [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(cert);
    EVP_PKEY_free(key);
  }
  ~Identity() { std::filesystem::remove_all(directory); }

  static void write(const std::string& path, const std::function<void(FILE*)>& content) {
    FILE* file = std::fopen(path.c_str(), "w");
    content(file);
    std::fclose(file);
  }

  std::string directory, cert_file, key_file;
};

// Answers every request on every connection with "secure" and notes the name that the client asked for.
class TlsServer {
 public:
  // With `client_ca`, a client must show a certificate that it signed.
  explicit TlsServer(const Identity& identity, const std::string& client_ca = "")
      : context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // SSL_write() to a client that has gone
    SSL_CTX_use_certificate_file(context_, identity.cert_file.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_, identity.key_file.c_str(), SSL_FILETYPE_PEM);
    if (!client_ca.empty()) {
      SSL_CTX_load_verify_locations(context_, client_ca.c_str(), nullptr);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      for (int fd; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) serve(fd);
    });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  std::string url(const std::string& host) const { return "https://" + host + ":" + std::to_string(port); }

  std::uint16_t port = 0;
  std::atomic<int> connections{0};
  std::string asked_name() const {  // by the last client that was accepted
    std::lock_guard lock(mutex_);
    return asked_name_;
  }

 private:
  void serve(int fd) {
    // A client that says nothing for long is a defect of the test, and must not hold it up.
    const timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
      ++connections;
      const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      {
        std::lock_guard lock(mutex_);
        asked_name_ = name == nullptr ? "" : name;
      }
      char piece[4096];
      while (SSL_read(ssl, piece, sizeof piece) > 0) {
        constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";
        SSL_write(ssl, kAnswer.data(), static_cast<int>(kAnswer.size()));
      }
    }
    SSL_free(ssl);
    ::close(fd);
  }

  SSL_CTX* context_;
  int listener_;
  mutable std::mutex mutex_;
  std::string asked_name_;
  std::thread thread_;
};

std::string failure_of(HttpClient& client) {
  try {
    client.send({.timeout = 30s});
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::unavailable);
    return e.message();
  }
  ADD_FAILURE() << "no error came";
  return "";
}

TEST(HttpClientTls, TrustsWhomItIsToldTo) {
  Identity identity("DNS:app.localhost,IP:127.0.0.1");
  TlsServer server(identity);
  {
    HttpClient client({.url = server.url("app.localhost"), .ca_file = identity.cert_file});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send({.timeout = 30s}).body, "secure");
    std::string streamed;
    client.stream({.timeout = 30s},
                  [&](std::string_view piece) {
                    streamed += piece;
                    return true;
                  },
                  {});
    EXPECT_EQ(streamed, "secure");
  }
  {
    HttpClient by_address({.url = server.url("127.0.0.1"), .ca_file = identity.cert_file});
    EXPECT_EQ(by_address.send({.timeout = 30s}).body, "secure");
  }
  EXPECT_EQ(server.connections, 2);
  HttpClient named({.url = server.url("app.localhost"), .ca_file = identity.cert_file, .address = "127.0.0.1"});
  EXPECT_EQ(named.send({.timeout = 30s}).body, "secure");
  EXPECT_EQ(server.asked_name(), "app.localhost");
}

TEST(HttpClientTls, TrustsRootsGivenAsText) {
  Identity identity("DNS:localhost");
  Identity other("DNS:localhost");
  TlsServer server(identity);
  const auto text = [](const Identity& of) {
    std::ifstream file(of.cert_file);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  {
    HttpClient client({.url = server.url("localhost"), .ca_pem = text(identity)});
    EXPECT_EQ(client.send({.timeout = 30s}).body, "secure");
  }
  HttpClient stranger({.url = server.url("localhost"), .ca_pem = text(other)});
  EXPECT_THAT(failure_of(stranger), HasSubstr("certificate is not accepted"));
}

TEST(HttpClientTls, RefusesAStranger) {
  Identity identity("DNS:localhost");
  TlsServer server(identity);
  HttpClient client({.url = server.url("localhost")});
  EXPECT_THAT(failure_of(client), HasSubstr("certificate is not accepted: self-signed certificate"));
}

TEST(HttpClientTls, RefusesACertificateForAnotherName) {
  Identity identity("DNS:other.localhost");
  TlsServer server(identity);
  HttpClient client({.url = server.url("app.localhost"), .ca_file = identity.cert_file});
  EXPECT_THAT(failure_of(client), HasSubstr("certificate is not accepted: hostname mismatch"));
  HttpClient by_address({.url = server.url("127.0.0.1"), .ca_file = identity.cert_file});
  EXPECT_THAT(failure_of(by_address), HasSubstr("certificate is not accepted: IP address mismatch"));
}

TEST(HttpClientTls, ShowsItsOwnCertificate) {
  Identity identity("DNS:localhost");
  Identity own("DNS:client");
  TlsServer server(identity, own.cert_file);
  {
    HttpClient client({.url = server.url("localhost"),
                       .ca_file = identity.cert_file,
                       .cert_file = own.cert_file,
                       .key_file = own.key_file});
    EXPECT_EQ(client.send({.timeout = 30s}).body, "secure");
  }
  HttpClient without({.url = server.url("localhost"), .ca_file = identity.cert_file});
  failure_of(without);
}

TEST(HttpClientTls, SaysWhichFileIsMissing) {
  HttpClient client({.url = "https://127.0.0.1:1", .ca_file = "/nowhere/ca.pem"});
  try {
    client.send({});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    EXPECT_THAT(e.message(), HasSubstr("/nowhere/ca.pem"));
  }
}

TEST(HttpClientTls, KeepsTheDeadlineInAHandshakeThatNeverEnds) {
  const int mute = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(mute, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(mute, 4), 0);
  ::getsockname(mute, reinterpret_cast<sockaddr*>(&address), &size);
  HttpClient client({.url = "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port))});
  try {
    client.send({.timeout = 200ms});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("no answer within 200 ms"));
  }
  ::close(mute);
}

TEST(HttpClientTls, AProbeSaysWhyItDoesNotTrust) {
  Identity identity("DNS:localhost");
  TlsServer server(identity);
  const auto result = HttpProbe().ask({"127.0.0.1", Port(server.port)}, server.url("localhost") + "/", 30s);
  EXPECT_FALSE(result.ready);
  EXPECT_THAT(result.detail, HasSubstr("certificate is not accepted"));
}

}  // namespace
}  // namespace slipway::net
