#include "server.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace automation {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr int kMaxConnections = 256;
constexpr std::uint32_t kHeaderLimitBytes = 8 << 10;
constexpr std::uint64_t kBodyLimitBytes = 64 << 10;
constexpr auto kExchangeLimit = 15s;
constexpr auto kIdleLimit = 75s;

// One connection: read a request, answer it, and again while both sides keep it open. It lives as long as a callback
// of it is pending.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Handler& handler, std::shared_ptr<std::atomic<int>> open)
      : stream_(std::move(socket)), handler_(handler), open_(std::move(open)) {
    ++*open_;
  }
  ~Session() { --*open_; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderLimitBytes);
    parser_->body_limit(kBodyLimitBytes);
    // A new connection must speak soon; one that has been answered may be kept for longer.
    stream_.expires_after(answered_ ? kIdleLimit : kExchangeLimit);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->broken(error);
      self->stream_.expires_after(kExchangeLimit);
      http::async_read(self->stream_, self->buffer_, *self->parser_,
                       [self](error_code e, std::size_t) { e ? self->broken(e) : self->respond(); });
    });
  }

 private:
  void respond() { send(handler_.answer(parser_->get())); }

  void send(Response response) {
    response_ = std::move(response);
    serializer_.emplace(response_);
    http::async_write(stream_, *serializer_, [self = shared_from_this()](error_code error, std::size_t) {
      self->answered_ = true;
      if (!error && self->response_.keep_alive()) return self->read();
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  void broken(error_code error) {
    auto status = http::status::bad_request;
    if (error == http::error::body_limit) {
      status = http::status::payload_too_large;
    } else if (error == http::error::header_limit) {
      status = http::status::request_header_fields_too_large;
    } else if (error.category() != make_error_code(http::error::bad_method).category() ||
               error == http::error::end_of_stream || error == http::error::partial_message) {
      return;
    }
    Response response(status, 11);
    response.keep_alive(false);
    response.prepare_payload();
    send(std::move(response));
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeaderLimitBytes + kBodyLimitBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool answered_ = false;
  Handler& handler_;
  std::shared_ptr<std::atomic<int>> open_;
};

tcp::acceptor listen(asio::io_context& io, std::uint16_t port) {
  tcp::acceptor acceptor(io);
  error_code no_ipv6;
  acceptor.open(tcp::v6(), no_ipv6);
  if (no_ipv6) {
    acceptor.open(tcp::v4());
  } else {
    acceptor.set_option(asio::ip::v6_only(false));
  }
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(no_ipv6 ? tcp::endpoint(tcp::v4(), port) : tcp::endpoint(tcp::v6(), port));
  acceptor.listen();
  return acceptor;
}

}  // namespace

Server::Server(asio::io_context& io, std::uint16_t port, Handler& handler)
    : acceptor_(listen(io, port)), handler_(handler) {
  accept();
}

void Server::accept() {
  acceptor_.async_accept(asio::make_strand(acceptor_.get_executor()), [this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    // Past the limit the connection is closed at once, which a client understands; waiting would look like a hang.
    if (!error && *open_ < kMaxConnections) {
      std::make_shared<Session>(std::move(socket), handler_, open_)->read();
    }
    accept();
  });
}

}  // namespace automation
