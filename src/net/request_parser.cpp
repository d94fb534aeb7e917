#include "net/request_parser.hpp"

#include <fmt/format.h>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

#include "net/chunked.hpp"
#include "net/request_headers.hpp"

namespace slipway::net {

namespace http = boost::beast::http;
using boost::system::error_code;
using Text = boost::beast::string_view;

namespace {
constexpr const char* kVersions = "only HTTP/1.0 and HTTP/1.1 are spoken here";
}

// Beast's parser with our own storage, so that a request is read straight into what the handler is given.
struct RequestParser::Impl : http::basic_parser<true> {
  ServerRequest request;
  std::string_view given;  // what put() was given
  int version = 11;
  std::size_t head_limit = 0;
  std::size_t field_limit = 0;
  std::size_t head_bytes = 0;  // taken so far
  bool head_only = false;
  bool expects_continue = false;
  int status = 400;
  std::string why = "the request is malformed";

  State refuse_head() {
    status = 431;
    why = "the request's head is too large";
    return State::refused;
  }

  State feed(std::string_view bytes, std::size_t& used) {
    error_code ec;
    given = bytes;
    used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (!ec || ec == http::error::need_more) return is_done() ? State::done : State::incomplete;
    if (ec == http::error::header_limit) return refuse_head();
    if (ec == http::error::bad_version) {
      status = 505;
      why = kVersions;
    } else if (ec == http::error::body_limit) {
      status = 413;
      why = "the request's body is too large";
    }
    return State::refused;
  }

  // Any error stops the parser; status and reason tell ours from its own.
  void refuse(int code, std::string reason, error_code& ec) {
    status = code;
    why = std::move(reason);
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb, Text method, Text target, int http_version, error_code& ec) override {
    version = http_version;
    if (version != 10 && version != 11) return refuse(505, kVersions, ec);
    std::string_view path(target.data(), target.size());
    if (path.starts_with("http://") || path.starts_with("https://")) {  // absolute form, as to a proxy
      const auto slash = path.find('/', path.find("://") + 3);
      path = slash == std::string_view::npos ? "/" : path.substr(slash);
    }
    if (path.empty() || (path.front() != '/' && path != "*")) return refuse(400, "the target is not a path", ec);
    path = path.substr(0, path.find('#'));
    const auto mark = path.find('?');
    request.path = path.substr(0, mark);
    if (mark != std::string_view::npos) request.query = path.substr(mark + 1);
    request.method.assign(method.data(), method.size());
    head_only = request.method == "HEAD";
    if (head_only) request.method = "GET";
  }
  void on_response_impl(int, Text, int, error_code&) override {}
  // Beast makes one line of a header that goes on in the next: another parser on the way could see two (RFC 9112, 5.2).
  // What it gives as the name lies in what it was given, which has the head, or the trailer, to its end.
  bool goes_on_in_the_next_line(Text name) const {
    const auto end = given.find("\r\n", static_cast<std::size_t>(name.data() - given.data()));
    const std::string_view next = given.substr(std::min(end, given.size() - 2) + 2);
    return next.starts_with(' ') || next.starts_with('\t');
  }
  bool has(std::string_view name) const {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [name](const auto& header) { return same_ignoring_case(header.first, name); });
  }

  void on_field_impl(http::field field, Text name, Text value, error_code& ec) override {
    if (goes_on_in_the_next_line(name)) return refuse(400, "a header goes on in the next line", ec);
    // A trailer: the request was taken for what it is by its head, and nothing behind the body changes that.
    if (is_header_done()) return;
    if (request.headers.size() >= field_limit) return refuse(431, "the request's head has too many fields", ec);
    const std::string_view single = single_header({name.data(), name.size()});
    if (!single.empty() && has(single)) return refuse(400, fmt::format("more than one {} header", single), ec);
    request.headers.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    if (field == http::field::host && !is_host(request.headers.back().second)) {
      return refuse(400, "the Host header is no host", ec);
    }
    // Beast takes "3, 3" too.
    if (field == http::field::content_length && value.find(',') != Text::npos) {
      return refuse(400, "the Content-Length header is no number", ec);
    }
    // Beast lets a coding pass that it does not know, and then goes by Content-Length: another parser on the way could
    // see another end of the request (RFC 9112, 6.1 and 6.3).
    if (field == http::field::transfer_encoding) {
      if (version == 10) return refuse(400, "HTTP/1.0 has no Transfer-Encoding", ec);
      if (!same_ignoring_case(request.headers.back().second, "chunked")) {
        return refuse(501, "chunked is the only Transfer-Encoding that is understood", ec);
      }
    }
    if (field == http::field::expect) {
      if (!same_ignoring_case(request.headers.back().second, "100-continue")) {
        return refuse(417, "only 100-continue can be expected", ec);
      }
      expects_continue = version == 11;
    }
  }
  void on_header_impl(error_code& ec) override {
    if (version == 11 && !has("Host")) refuse(400, "the Host header is missing", ec);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Text body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

RequestParser::RequestParser(const ServerLimits& limits) : impl_(std::make_unique<Impl>()) {
  impl_->head_limit = limits.header_bytes;
  impl_->field_limit = limits.header_fields;
  // Beast counts the request line or not, depending on how the bytes come: its own limit only stops what ours refuses.
  impl_->header_limit(static_cast<std::uint32_t>(2 * limits.header_bytes));
  impl_->body_limit(limits.body_bytes);
}
RequestParser::~RequestParser() = default;

RequestParser::State RequestParser::put(std::string_view bytes, std::size_t& used) {
  used = 0;
  if (!impl_->is_header_done()) {
    impl_->eager(false);  // the head, and nothing behind it
    const State state = impl_->feed(bytes, used);
    impl_->head_bytes += used;
    if (state == State::refused) return state;
    const std::size_t waiting = impl_->is_header_done() ? 0 : bytes.size() - used;
    if (impl_->head_bytes + waiting > impl_->head_limit) return impl_->refuse_head();
    if (state == State::done || !impl_->is_header_done()) return state;
    impl_->eager(true);
    bytes.remove_prefix(used);
    if (bytes.empty()) return state;
  }
  if (impl_->chunked() && bytes.size() < chunked_rest_bytes) return State::incomplete;
  std::size_t body = 0;
  const State state = impl_->feed(bytes, body);
  used += body;
  return state;
}

int RequestParser::status() const { return impl_->status; }
std::string_view RequestParser::why() const { return impl_->why; }
bool RequestParser::wants_continue() const {
  return impl_->expects_continue && impl_->is_header_done() && !impl_->is_done() && impl_->request.body.empty();
}
bool RequestParser::head_done() const { return impl_->is_header_done(); }
const ServerRequest& RequestParser::head() const { return impl_->request; }
std::size_t RequestParser::memory() const {
  const auto& request = impl_->request;
  return impl_->head_bytes + request.headers.capacity() * sizeof(Headers::value_type) + request.body.capacity();
}
bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::http_1_0() const { return impl_->version == 10; }
bool RequestParser::head_only() const { return impl_->head_only; }
ServerRequest RequestParser::take() { return std::move(impl_->request); }

}  // namespace slipway::net
