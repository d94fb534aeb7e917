#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>

#include "handler.hpp"

namespace automation {

// The HTTP server. Its limits: 256 connections, 8 KiB of headers, 64 KiB of body, 15 s for a request to arrive or an
// answer to leave, 75 s between requests of a connection.
class Server {
 public:
  // Listens at once; answers when `io` runs. Port 0 takes a free one. Throws boost::system::system_error.
  Server(boost::asio::io_context& io, std::uint16_t port, Handler& handler);
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  Handler& handler_;
  std::shared_ptr<std::atomic<int>> open_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace automation
