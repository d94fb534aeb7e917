#include "http_get.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cctype>

#include "text.hpp"

namespace automation {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint64_t kAnswerLimitBytes = 1 << 20;

// One exchange, from name to body, as a chain of callbacks on a private io_context.
class Exchange {
 public:
  Exchange(boost::asio::io_context& io, const Url& url) : resolver_(io), stream_(io) {
    parser_.body_limit(kAnswerLimitBytes);
    request_.method(http::verb::get);
    request_.target(url.target);
    request_.set(http::field::host, url.port == "80" ? url.host : url.host + ":" + url.port);
    request_.set(http::field::user_agent, "automation-app");
    request_.set(http::field::connection, "close");
    resolver_.async_resolve(url.host, url.port, [this](error_code error, const tcp::resolver::results_type& found) {
      if (failed("resolve", error)) return;
      boost::asio::async_connect(stream_.socket(), found, [this](error_code e, const tcp::endpoint&) { connected(e); });
    });
  }

  Fetched result{false, "no answer in time"};

 private:
  bool failed(const char* what, error_code error) {
    if (error) result.outcome = std::string(what) + ": " + printable(error.message(), 200);
    return static_cast<bool>(error);
  }

  void connected(error_code error) {
    if (failed("connect", error)) return;
    http::async_write(stream_, request_, [this](error_code e, std::size_t) {
      if (failed("send", e)) return;
      http::async_read(stream_, buffer_, parser_, [this](error_code e2, std::size_t) { answered(e2); });
    });
  }

  void answered(error_code error) {
    if (failed("read", error)) return;
    const auto& response = parser_.get();
    result.ok = response.result_int() < 400;
    result.outcome = std::to_string(response.result_int()) + " " + printable(response.reason(), 60) + ", " +
                     std::to_string(response.body().size()) + " bytes";
  }

  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
};

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  text = text.substr(0, text.find('#'));
  const std::size_t path = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, path);
  Url url{std::string(authority.substr(0, authority.find(':'))), "80", std::string(text.substr(path))};
  if (url.target.empty() || url.target[0] != '/') url.target.insert(0, "/");
  if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    url.port = authority.substr(colon + 1);
    const bool digits = url.port.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || url.port.empty() || url.port.size() > 5 || std::stoi(url.port) < 1 || std::stoi(url.port) > 65535) {
      return std::nullopt;
    }
  }
  const auto bad_in_host = [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-'; };
  const auto bad_in_target = [](char c) { return c <= ' ' || c >= 0x7F; };
  if (url.host.empty() || std::find_if(url.host.begin(), url.host.end(), bad_in_host) != url.host.end()) return {};
  if (std::find_if(url.target.begin(), url.target.end(), bad_in_target) != url.target.end()) return {};
  return url;
}

std::optional<std::string> problem_with_url(std::string_view text) {
  if (parse_url(text)) return std::nullopt;
  if (text.starts_with("https://")) return "This sample fetches http:// addresses only, not https://.";
  return "The URL must look like http://example.com/path.";
}

Fetched http_get(const Url& url, std::chrono::milliseconds deadline, const std::stop_token& stop) {
  boost::asio::io_context io;
  const std::stop_callback on_stop(stop, [&] { io.stop(); });
  Exchange exchange(io, url);
  io.run_for(deadline);
  return exchange.result;
}

}  // namespace automation
