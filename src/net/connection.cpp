#include "net/connection.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <optional>

#include "base/error.hpp"

namespace slipway::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;

namespace {
IoResult failed(std::string why) { return {IoResult::Kind::failed, 0, std::move(why)}; }

// OpenSSL's number stands for its words where these are not loaded (the Lambda's program leaves libcrypto's out).
std::string words_of(const error_code& error) {
  const auto number = static_cast<unsigned long>(error.value());
  if (error.category() != asio::error::get_ssl_category() || ::ERR_reason_error_string(number) != nullptr) {
    return error.message();
  }
  return fmt::format("OpenSSL's error {0:08X} (`openssl errstr {0:08X}` has its words)", number);
}

IoResult result_of(const error_code& error, std::size_t bytes) {
  if (error == asio::error::eof) return {IoResult::Kind::closed, 0, "closed"};
  if (error == asio::ssl::error::stream_truncated) return failed("the connection was cut");
  if (error) return failed(words_of(error));
  return {IoResult::Kind::done, bytes, {}};
}
}  // namespace

struct Connection::Impl {
  asio::io_context context{1};
  Socket socket{context};
  std::optional<asio::ssl::stream<Socket&>> tls;
  std::stop_token token;
  std::atomic<bool> stopped{false};

  // Closes from any thread: the socket belongs to whoever runs the context, so the closing is posted there.
  struct Closer {
    Impl* impl;
    void operator()() const {
      impl->stopped = true;
      asio::post(impl->context, [socket = &impl->socket] {
        error_code ignored;
        socket->close(ignored);
      });
    }
  };
  std::optional<std::stop_callback<Closer>> on_stop;

  // Starts an asynchronous operation and runs the context until it ends. A late one is ended by closing the socket, and
  // its handler is still awaited, because it refers to this frame.
  template <class Start>
  IoResult run(Deadline deadline, Start start) {
    if (stopped) return {IoResult::Kind::stopped, 0, "stopped"};
    bool done = false;
    error_code result;
    std::size_t bytes = 0;
    start([&](error_code ec, std::size_t n) {
      done = true;
      result = ec;
      bytes = n;
    });
    context.restart();
    while (!done && (deadline == Deadline::max() ? context.run_one() : context.run_one_until(deadline)) > 0) {
    }
    const bool late = !done;
    if (late) {
      error_code ignored;
      socket.close(ignored);
      context.restart();
      while (!done && context.run_one() > 0) {
      }
    }
    if (stopped) return {IoResult::Kind::stopped, 0, "stopped"};
    if (late) return {IoResult::Kind::timed_out, 0, "timed out"};
    return result_of(result, bytes);
  }

  template <class Endpoint>
  IoResult connect(const Endpoint& endpoint, Deadline deadline) {
    return run(deadline, [&](auto handler) {
      socket.async_connect(endpoint, [handler](error_code ec) mutable { handler(ec, 0); });
    });
  }

  IoResult connect_tcp(const std::vector<std::string>& addresses, std::uint16_t port, Deadline deadline) {
    IoResult result;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      // The time left is shared among the addresses left, so that one which swallows packets does not take it all.
      auto until = deadline;
      if (deadline != Deadline::max()) {
        const auto now = std::chrono::steady_clock::now();
        until = now + (deadline - now) / static_cast<int>(addresses.size() - i);
      }
      error_code ignored;
      socket.close(ignored);
      result = connect(asio::ip::tcp::endpoint(asio::ip::make_address(addresses[i]), port), until);
      if (result.ok()) {
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        return result;
      }
    }
    return result;
  }

  IoResult shake_hands(asio::ssl::context& tls_context, const std::string& host, Deadline deadline) {
    tls.emplace(socket, tls_context);
    SSL* ssl = tls->native_handle();
    error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    if (not_numeric) {
      SSL_set_tlsext_host_name(ssl, host.c_str());
      SSL_set1_host(ssl, host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    }
    tls->set_verify_mode(asio::ssl::verify_peer);
    auto result = run(deadline, [&](auto handler) {
      tls->async_handshake(asio::ssl::stream_base::client, [handler](error_code ec) mutable { handler(ec, 0); });
    });
    if (result.kind == IoResult::Kind::closed) result = failed("closed during the TLS handshake");
    if (const long verdict = SSL_get_verify_result(ssl); !result.ok() && verdict != X509_V_OK) {
      result.why = fmt::format("its certificate is not accepted: {}", X509_verify_cert_error_string(verdict));
    }
    return result;
  }
};

Connection::Connection() : impl_(std::make_unique<Impl>()) {}

// The callback goes first: it refers to what is destroyed after it.
Connection::~Connection() { impl_->on_stop.reset(); }

void Connection::stop_with(std::stop_token stop) {
  impl_->on_stop.reset();
  impl_->token = stop;
  if (stop.stop_possible()) impl_->on_stop.emplace(std::move(stop), Impl::Closer{impl_.get()});
}

IoResult Connection::read_some(char* into, std::size_t size, Deadline deadline) {
  return impl_->run(deadline, [&](auto handler) {
    if (impl_->tls) {
      impl_->tls->async_read_some(asio::buffer(into, size), handler);
    } else {
      impl_->socket.async_read_some(asio::buffer(into, size), handler);
    }
  });
}

IoResult Connection::read_ready(char* into, std::size_t size) {
  error_code error;
  impl_->socket.non_blocking(true, error);
  const auto buffer = asio::buffer(into, size);
  const std::size_t bytes = impl_->tls ? impl_->tls->read_some(buffer, error) : impl_->socket.read_some(buffer, error);
  if (bytes == 0 && error == asio::error::would_block) return {IoResult::Kind::nothing_yet, 0, "nothing yet"};
  return result_of(bytes > 0 ? error_code() : error, bytes);
}

int Connection::descriptor() const { return impl_->socket.native_handle(); }

IoResult Connection::write(std::string_view head, std::string_view body, Deadline deadline) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  return impl_->run(deadline, [&](auto handler) {
    if (impl_->tls) {
      asio::async_write(*impl_->tls, buffers, handler);
    } else {
      asio::async_write(impl_->socket, buffers, handler);
    }
  });
}

bool Connection::quiet() const {
  char byte = 0;
  const auto n = ::recv(impl_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct Connector::Tls {
  std::once_flag once;
  std::optional<asio::ssl::context> context;
};

Connector::Connector(Endpoint endpoint)
    : endpoint_(std::move(endpoint)), target_(parse_endpoint(endpoint_.url)), tls_(std::make_unique<Tls>()) {}
Connector::~Connector() = default;

// Made at the first use, since reading the system's roots takes milliseconds and memory.
Connector::Tls& Connector::tls() {
  std::call_once(tls_->once, [this] {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    const auto check = [](const error_code& ec, const char* what, const std::string& file) {
      if (ec) throw Error(ErrorKind::invalid, fmt::format("read {} '{}': {}", what, file, words_of(ec)));
    };
    error_code ec;
    if (!endpoint_.ca_file.empty()) {
      context.load_verify_file(endpoint_.ca_file, ec);
      check(ec, "the CA file", endpoint_.ca_file);
    } else if (!endpoint_.ca_pem.empty()) {
      context.add_certificate_authority(asio::buffer(endpoint_.ca_pem), ec);
      check(ec, "the built-in roots for", endpoint_.url);
    } else {
      context.set_default_verify_paths(ec);
    }
    if (!endpoint_.cert_file.empty()) {
      context.use_certificate_chain_file(endpoint_.cert_file, ec);
      check(ec, "the client certificate", endpoint_.cert_file);
    }
    if (!endpoint_.key_file.empty()) {
      context.use_private_key_file(endpoint_.key_file, asio::ssl::context::pem, ec);
      check(ec, "the client key", endpoint_.key_file);
    }
    tls_->context.emplace(std::move(context));
  });
  return *tls_;
}

IoResult Connector::open(Connection& connection, Deadline deadline) {
  auto& impl = *connection.impl_;
  if (!target_.socket_path.empty()) {
    return impl.connect(asio::local::stream_protocol::endpoint(target_.socket_path), deadline);
  }
  auto* context = target_.tls ? &*tls().context : nullptr;  // first: a wrong file is told before anything is tried
  const auto& host = endpoint_.address.empty() ? target_.host : endpoint_.address;
  const auto answer = resolver_.resolve(host, deadline, impl.token);
  if (impl.token.stop_requested()) return {IoResult::Kind::stopped, 0, "stopped"};
  if (answer.addresses.empty()) {
    return {answer.timed_out ? IoResult::Kind::timed_out : IoResult::Kind::failed, 0, answer.failure};
  }
  auto result = impl.connect_tcp(answer.addresses, endpoint_.port == 0 ? target_.port : endpoint_.port, deadline);
  if (result.ok() && context != nullptr) result = impl.shake_hands(*context, target_.host, deadline);
  return result;
}

}  // namespace slipway::net
