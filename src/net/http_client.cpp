#include "net/http_client.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <mutex>

#include "base/error.hpp"
#include "net/chunked.hpp"
#include "net/connection.hpp"

namespace slipway::net {

namespace http = boost::beast::http;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

namespace {
constexpr std::size_t kIdleLimit = 8;
constexpr std::chrono::seconds kIdleTime{30};
constexpr std::uint32_t kHeadLimit = 64u << 10;
constexpr std::size_t kReadSize = 16u << 10;
constexpr std::size_t kErrorTextLimit = 16u << 10;
constexpr Deadline kDoNotWait = Deadline::min();

// A connection with what was read from it and not yet used.
struct Line {
  Connection connection;
  boost::beast::flat_buffer buffer;
  Steady::time_point idle_since;
  bool kept = false;      // taken from the pool
  bool answered = false;  // at least one byte of the present answer has come
};

Deadline deadline_after(Millis timeout) { return timeout.count() <= 0 ? Deadline::max() : Steady::now() + timeout; }

void check_sendable(std::string_view text, std::string_view what) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
    throw Error(ErrorKind::invalid, fmt::format("HTTP request: its {} holds a line break", what));
  }
}

std::string request_head(const ClientRequest& request, const Target& target) {
  check_sendable(request.method, "method");
  if (request.target.empty() || request.target.front() != '/' ||
      request.target.find_first_of(std::string_view(" \r\n\0", 4)) != std::string::npos) {
    throw Error(ErrorKind::invalid, "HTTP request: its target is not an encoded path");
  }
  auto head = fmt::format("{} {}{} HTTP/1.1\r\n", request.method, target.base_path, request.target);
  const auto add = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  const auto given = [&](std::string_view name) {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [&](const auto& h) { return same_ignoring_case(h.first, name); });
  };
  if (!given("Host")) add("Host", target.host_header);
  if (!given("User-Agent")) add("User-Agent", "slipway");
  if (!given("Authorization") && !target.authorization.empty()) add("Authorization", target.authorization.reveal());
  const bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) add("Content-Length", std::to_string(request.body.size()));
  for (const auto& [name, value] : request.headers) {
    check_sendable(name, "header name");
    check_sendable(value, "header value");
    add(name, value);
  }
  return head + "\r\n";
}

template <class Body>
Response head_of(const http::response_parser<Body>& parser) {
  Response response;
  response.status = parser.get().result_int();
  for (const auto& field : parser.get()) response.headers.emplace_back(field.name_string(), field.value());
  return response;
}
}  // namespace

struct HttpClient::Impl {
  Connector connector;
  std::size_t body_limit;
  std::mutex mutex;
  std::vector<std::unique_ptr<Line>> idle;

  Impl(Endpoint endpoint, std::size_t limit) : connector(std::move(endpoint)), body_limit(limit) {}

  std::string tried(const ClientRequest& request) const {
    const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    return fmt::format("{} {}{}", request.method, connector.target().shown, path);
  }

  [[noreturn]] void fail(const IoResult& result, const std::string& what, Millis timeout) const {
    std::string why = result.why;
    if (result.kind == IoResult::Kind::timed_out) why = fmt::format("no answer within {}", human(timeout));
    if (result.kind == IoResult::Kind::closed) why = "the connection was closed before the answer was complete";
    throw Error(ErrorKind::unavailable, fmt::format("{}: {}", what, why));
  }

  std::unique_ptr<Line> take_kept() {
    std::lock_guard lock(mutex);
    const auto now = Steady::now();
    std::erase_if(idle, [&](const auto& line) { return now - line->idle_since > kIdleTime; });
    while (!idle.empty()) {
      auto line = std::move(idle.back());
      idle.pop_back();
      if (line->connection.quiet()) return line;
    }
    return nullptr;
  }

  void keep(std::unique_ptr<Line> line) {
    if (line->buffer.size() > 0) return;  // bytes that nobody asked for
    line->connection.stop_with({});
    line->kept = true;
    line->answered = false;
    line->idle_since = Steady::now();
    std::lock_guard lock(mutex);
    if (idle.size() < kIdleLimit) idle.push_back(std::move(line));
  }

  // One step of the parser: from what is buffered, or from the wire where that is not enough. With kDoNotWait that is
  // what has come already.
  template <class Body>
  IoResult step(Line& line, http::response_parser<Body>& parser, Deadline deadline, const ClientRequest& request) {
    error_code ec = http::error::need_more;
    std::size_t used = 0;
    const bool in_chunks = parser.is_header_done() && parser.chunked();
    if (line.buffer.size() >= (in_chunks ? chunked_rest_bytes : 1)) used = parser.put(line.buffer.data(), ec);
    line.buffer.consume(used);
    if (ec == http::error::need_more && used > 0) return {};
    if (ec == http::error::need_more) {
      const auto room = line.buffer.prepare(kReadSize);
      auto* const into = static_cast<char*>(room.data());
      auto result = deadline == kDoNotWait ? line.connection.read_ready(into, room.size())
                                           : line.connection.read_some(into, room.size(), deadline);
      if (result.ok()) {
        line.answered = true;
        line.buffer.commit(result.bytes);
        return result;
      }
      // Only the end of the connection ends a body without a length.
      if (result.kind != IoResult::Kind::closed || !parser.is_header_done() || !parser.need_eof()) return result;
      ec = {};
      parser.put_eof(ec);
    }
    if (ec == http::error::body_limit) {
      throw Error(ErrorKind::limited,
                  fmt::format("{}: the answer is larger than {} bytes", tried(request), body_limit));
    }
    if (ec && ec != http::error::need_buffer) {
      throw Error(ErrorKind::internal, fmt::format("{}: the answer is not HTTP: {}", tried(request), ec.message()));
    }
    return {};
  }

  // Sends the request and reads the answer's head; interim answers (1xx) are passed over.
  template <class Body>
  IoResult exchange_head(Line& line, const ClientRequest& request, const std::string& head, Deadline deadline,
                         std::optional<http::response_parser<Body>>& parser) {
    const auto sent = line.connection.write(head, request.body, deadline);
    if (!sent.ok() && sent.kind != IoResult::Kind::failed) return sent;
    for (;;) {
      parser.emplace();
      parser->header_limit(kHeadLimit);
      parser->eager(true);
      parser->skip(request.method == "HEAD");
      prepare(*parser);
      while (!parser->is_header_done()) {
        const auto result = step(line, *parser, deadline, request);
        // A server may refuse a body early, answer and close; only where no answer came does the sending's end count.
        if (!result.ok()) return sent.ok() || result.kind == IoResult::Kind::stopped ? result : sent;
      }
      if (parser->get().result_int() >= 200) return {};
    }
  }
  void prepare(http::response_parser<http::string_body>& parser) const { parser.body_limit(body_limit); }
  void prepare(http::response_parser<http::buffer_body>& parser) const { parser.body_limit(boost::none); }

  // A connection on which the request was sent and the answer's head has come, or nothing where `stop` came first.
  template <class Body>
  std::unique_ptr<Line> begin(const ClientRequest& request, Deadline deadline, const std::stop_token& stop,
                              std::optional<http::response_parser<Body>>& parser) {
    const auto head = request_head(request, connector.target());
    auto line = take_kept();
    for (;;) {
      if (!line) {
        line = std::make_unique<Line>();
        line->connection.stop_with(stop);
        const auto opened = connector.open(line->connection, deadline);
        if (opened.kind == IoResult::Kind::stopped) return nullptr;
        if (!opened.ok()) fail(opened, "connect to " + connector.target().shown, request.timeout);
      } else {
        line->connection.stop_with(stop);
      }
      const auto result = exchange_head(*line, request, head, deadline, parser);
      if (result.ok()) return line;
      if (result.kind == IoResult::Kind::stopped) return nullptr;
      const bool torn = result.kind == IoResult::Kind::closed || result.kind == IoResult::Kind::failed;
      if (!line->kept || line->answered || !torn) fail(result, tried(request), request.timeout);
      line.reset();  // the server had closed the kept connection: once more, on a new one
    }
  }
};

HttpClient::HttpClient(Endpoint endpoint, std::size_t body_limit_bytes)
    : impl_(std::make_unique<Impl>(std::move(endpoint), body_limit_bytes)) {}
HttpClient::~HttpClient() = default;

Response HttpClient::send(const ClientRequest& request) {
  const auto deadline = deadline_after(request.timeout);
  std::optional<http::response_parser<http::string_body>> parser;
  auto line = impl_->begin(request, deadline, {}, parser);
  while (!parser->is_done()) {
    const auto result = impl_->step(*line, *parser, deadline, request);
    if (!result.ok()) impl_->fail(result, impl_->tried(request), request.timeout);
  }
  auto response = head_of(*parser);
  if (parser->keep_alive()) impl_->keep(std::move(line));
  response.body = std::move(parser->get().body());
  return response;
}

Response HttpClient::stream(const ClientRequest& request, const std::function<bool(std::string_view)>& chunk,
                            std::stop_token stop) {
  std::optional<http::response_parser<http::buffer_body>> parser;
  auto line = impl_->begin(request, deadline_after(request.timeout), stop, parser);
  Response response;
  response.status = 0;
  if (!line) return response;
  response = head_of(*parser);
  const bool refused = response.status >= 400;
  std::vector<char> piece(kReadSize);
  for (;;) {
    auto& body = parser->get().body();
    body.data = piece.data();
    body.size = piece.size();
    IoResult result;
    if (!parser->is_done()) result = impl_->step(*line, *parser, deadline_after(request.timeout), request);
    const std::string_view got(piece.data(), piece.size() - body.size);
    if (refused) {
      response.body.append(got.data(), std::min(got.size(), kErrorTextLimit - response.body.size()));
      if (response.body.size() >= kErrorTextLimit) return response;
    } else if (!got.empty() && (!chunk(got) || stop.stop_requested())) {
      return response;
    }
    if (result.kind == IoResult::Kind::stopped) return response;
    if (!result.ok()) impl_->fail(result, impl_->tried(request), request.timeout);
    if (parser->is_done()) break;
  }
  if (parser->keep_alive()) impl_->keep(std::move(line));
  return response;
}

struct HttpStream::Impl {
  HttpClient::Impl& client;
  const ClientRequest request;
  Line line;
  std::optional<http::response_parser<http::buffer_body>> parser;
  int status = 0;

  Impl(HttpClient::Impl& the_client, const ClientRequest& the_request) : client(the_client), request(the_request) {}

  // Interim answers (1xx) are passed over.
  void begin_answer() {
    parser.emplace();
    parser->header_limit(kHeadLimit);
    parser->eager(true);
    client.prepare(*parser);
  }
};

HttpStream::HttpStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpStream::~HttpStream() = default;
int HttpStream::descriptor() const { return impl_->line.connection.descriptor(); }
int HttpStream::status() const { return impl_->status; }

PieceSource::State HttpStream::pull(std::string& body) {
  auto& self = *impl_;
  char piece[kReadSize];
  for (const std::size_t enough = body.size() + piece_bytes; body.size() < enough;) {
    if (self.parser->is_done()) return State::ended;
    auto& into = self.parser->get().body();
    into.data = piece;
    into.size = sizeof piece;
    const auto result = self.client.step(self.line, *self.parser, kDoNotWait, self.request);
    body.append(piece, sizeof piece - into.size);
    if (result.kind == IoResult::Kind::nothing_yet) {
      self.line.buffer.shrink_to_fit();  // it may take days until there is more
      return State::waiting;
    }
    if (!result.ok()) self.client.fail(result, self.client.tried(self.request), self.request.timeout);
    if (self.status != 0 || !self.parser->is_header_done()) continue;
    self.status = self.parser->get().result_int();
    if (self.status < 200) {
      self.status = 0;
      self.begin_answer();
    }
  }
  return State::more;
}

std::unique_ptr<HttpStream> HttpClient::open_stream(const ClientRequest& request, std::stop_token stop) {
  const auto deadline = deadline_after(request.timeout);
  auto stream = std::make_unique<HttpStream::Impl>(*impl_, request);
  auto& connection = stream->line.connection;
  connection.stop_with(std::move(stop));
  const auto opened = impl_->connector.open(connection, deadline);
  if (!opened.ok()) impl_->fail(opened, "connect to " + impl_->connector.target().shown, request.timeout);
  const auto sent = connection.write(request_head(request, impl_->connector.target()), request.body, deadline);
  if (!sent.ok()) impl_->fail(sent, impl_->tried(request), request.timeout);
  connection.stop_with({});
  stream->begin_answer();
  return std::unique_ptr<HttpStream>(new HttpStream(std::move(stream)));
}

}  // namespace slipway::net
