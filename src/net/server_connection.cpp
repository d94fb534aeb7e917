#include "net/server_connection.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "net/listen.hpp"

namespace slipway::net {

namespace {
constexpr std::size_t kOutBatch = 64u << 10;       // answers to pipelined requests are gathered up to this
constexpr std::size_t kThrowAwayLimit = 1u << 20;  // of what a refused client still sends
constexpr Millis kLinger{2'000};
constexpr std::string_view kTooMuch = "the server holds as much of requests as it can; try again in a second";
constexpr std::string_view kTooMany = "the server has more requests waiting than it can take; try again in a second";
}  // namespace

ServerConnection::ServerConnection(ServerCore& core, Lane& lane, int fd, std::string peer)
    : core_(core), lane_(lane), socket_(core.loop, fd), peer_(std::move(peer)), peer_uid_(peer_uid_of(fd)) {}

void ServerConnection::start(Place place) {
  place_ = place;
  set_deadline(core_.limits.read_timeout);
  watch_reading();
}

void ServerConnection::set_deadline(Millis from_now) { deadline_ = std::chrono::steady_clock::now() + from_now; }

void ServerConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  const auto self = shared_from_this();  // the list may hold the last other reference
  socket_.close();
  deadline_ = Deadline::max();
  parser_.reset();
  drop_wait();
  drop_stream();
  lane_.request_memory -= std::exchange(memory_, 0);
  (resting_ ? lane_.idle : lane_.busy).erase(place_);
  if (core_.empty() && core_.on_empty) core_.on_empty();
}

void ServerConnection::drain() {
  if (wait_) return look(wait_, true);
  if (stream_ || (state_ != State::handling && out_.empty())) close();
}

// A request that does not arrive is told so; a client that takes nothing, or asks nothing, is left.
void ServerConnection::expire() {
  if (state_ == State::reading && parser_ && out_.empty()) {
    refuse(408, "the request did not arrive in time");
    pump();
  } else {
    close();
  }
}

void ServerConnection::watch_reading() {
  if (watching_read_ || state_ == State::closed) return;
  watching_read_ = true;
  socket_.when_readable([self = shared_from_this()](bool ready) {
    self->watching_read_ = false;
    if (ready && self->state_ != State::closed) self->read();
  });
}

// Reads once, which is enough: where more is there, the next watch says so at once.
void ServerConnection::read() {
  if (core_.scratch.empty()) core_.scratch.resize(32u << 10);
  const auto n = ::recv(socket_.fd(), core_.scratch.data(), core_.scratch.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return watch_reading();
  if (n <= 0) return close();
  const std::string_view bytes(core_.scratch.data(), static_cast<std::size_t>(n));
  switch (state_) {
    case State::lingering:
      thrown_away_ += bytes.size();
      return thrown_away_ > kThrowAwayLimit ? close() : watch_reading();
    case State::handling:  // pipelined behind a wait or a stream; only while it is read is a client's end noticed
      unread_ += bytes;
      return unread_.size() > core_.limits.header_bytes ? close() : watch_reading();
    case State::reading:
      if (unread_.empty()) {
        unread_ = bytes.substr(parse(bytes));
      } else {
        unread_ += bytes;
        unread_.erase(0, parse(unread_));
      }
      count_memory();
      return pump();
    case State::closed:
      return;
  }
}

// Takes as many requests from the front of `bytes` as can be answered at once. Says how much was used.
std::size_t ServerConnection::parse(std::string_view bytes) {
  std::size_t total = 0;
  while (state_ == State::reading && !close_after_flush_ && out_.size() < kOutBatch && total < bytes.size()) {
    std::size_t used = 0;
    const bool more = parse_step(bytes.substr(total), used);
    total += used;
    if (!more) break;
  }
  return total;
}

// One step; false where it needs more bytes than these.
bool ServerConnection::parse_step(std::string_view bytes, std::size_t& used) {
  if (!parser_) {
    // Empty lines before a request are passed over (RFC 9112, 2.2).
    if (bytes.front() == '\r' || bytes.front() == '\n') {
      used = 1;
      return true;
    }
    parser_ = std::make_unique<RequestParser>(core_.limits);
    continued_ = false;
    admitted_ = false;
    set_deadline(core_.limits.read_timeout);
  }
  const auto state = parser_->put(bytes, used);
  // Only a whole head makes it a request: who sends one byte now and then makes room for others like who sends none.
  if (parser_->head_done() && std::exchange(resting_, false)) {
    lane_.busy.splice(lane_.busy.end(), lane_.idle, place_);
  }
  if (state == RequestParser::State::refused) {
    refuse(parser_->status(), parser_->why());
    return false;
  }
  if (state == RequestParser::State::done) {
    request_complete();
    return true;
  }
  if (core_.admission && parser_->head_done() && !admitted_) {
    ask_admission();
    return true;
  }
  tell_to_continue();
  if (used == 0 && bytes.size() > core_.limits.header_bytes + core_.scratch.size()) {
    refuse(400, "the request is malformed");  // a chunk's head without an end
    return false;
  }
  return used > 0;
}

void ServerConnection::tell_to_continue() {
  if (!parser_->wants_continue() || std::exchange(continued_, true)) return;
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

// Before the body is read, a worker looks at the head: whoever may not ask must not make us keep what they send.
void ServerConnection::ask_admission() {
  auto head = parser_->head();
  head.body = std::string();
  head.peer = peer_;
  head.peer_uid = peer_uid_;
  read_deadline_ = std::exchange(deadline_, Deadline::max());
  state_ = State::handling;
  const bool taken = lane_.workers.submit([self = shared_from_this(), head = std::move(head)] {
    std::optional<Response> refusal;
    try {
      refusal = self->core_.admission(head);
    } catch (const std::exception& e) {
      refusal = self->failed(head, e.what());
    }
    self->post([refusal = std::move(refusal)](ServerConnection& me) mutable { me.admitted(std::move(refusal)); });
  });
  if (!taken) refuse(503, kTooMany);
}

void ServerConnection::admitted(std::optional<Response> refusal) {
  state_ = State::reading;
  deadline_ = read_deadline_;
  admitted_ = true;
  if (refusal) return refuse(*refusal);
  tell_to_continue();
}

// Moves to the end of those who could make room for others.
void ServerConnection::rest() {
  if (!std::exchange(resting_, true)) lane_.idle.splice(lane_.idle.end(), lane_.busy, place_);
}

// Whether the lane would hold too much if this one held so many bytes; little may always come.
bool ServerConnection::too_much(std::size_t bytes) const {
  return bytes > core_.limits.small_request && lane_.request_memory - memory_ + bytes > core_.limits.request_memory;
}

// Keeps the lane's sum right; whoever would make it too large is refused.
void ServerConnection::count_memory() {
  if (state_ == State::closed) return;
  const std::size_t now = unread_.size() + in_work_ + (parser_ ? parser_->memory() : 0);
  if (now > memory_ && state_ == State::reading && parser_ && too_much(now)) return refuse(503, kTooMuch);
  lane_.request_memory = lane_.request_memory - memory_ + now;
  memory_ = now;
}

void ServerConnection::refuse(int status, std::string_view why) {
  auto answer = problem(status, why);
  if (status == 503) answer.headers.emplace_back("Retry-After", "1");
  refuse(answer);
}

void ServerConnection::refuse(const Response& answer) {
  framing_ = Framing{.keep_alive = false};
  if (!core_.writer.write(out_, answer, framing_)) core_.writer.write(out_, problem(500, "no answer"), framing_);
  parser_.reset();
  unread_ = std::string();
  count_memory();
  close_after_flush_ = true;
  state_ = State::lingering;
}

void ServerConnection::request_complete() {
  framing_.http_1_0 = parser_->http_1_0();
  framing_.head_only = parser_->head_only();
  framing_.keep_alive = parser_->keep_alive();
  framing_.chunked = false;
  in_work_ = parser_->memory();
  auto request = parser_->take();
  request.peer = peer_;
  request.peer_uid = peer_uid_;
  parser_.reset();
  deadline_ = Deadline::max();
  state_ = State::handling;
  if (core_.inline_handler) {
    try {
      if (auto response = core_.inline_handler(request)) return reply(std::move(*response));
    } catch (const std::exception& e) {
      return reply(failed(request, e.what()));
    }
  }
  if (too_much(in_work_)) return busy(kTooMuch);
  const bool taken =
      lane_.workers.submit([self = shared_from_this(), request = std::move(request)] { self->run(request); });
  if (!taken) busy(kTooMany);
}

// Sends what there is, then goes on with what has come meanwhile, until it must wait for the client or for a worker.
void ServerConnection::pump() {
  while (state_ != State::closed) {
    if (!flush()) return;
    if (close_after_flush_) return after_flush();
    if (state_ == State::handling) {
      if (!stream_) return;
      if (!stream_->ended) return pull_stream();
      end_stream();
      continue;
    }
    if (!unread_.empty()) {
      const auto used = parse(unread_);
      unread_.erase(0, used);
      count_memory();
      if (used > 0 || !out_.empty()) continue;
    }
    if (state_ == State::handling) continue;
    if (state_ == State::lingering) return;
    if (core_.draining) return close();
    if (!parser_) {
      rest();
      set_deadline(core_.limits.idle_timeout);
      if (unread_.empty()) unread_ = std::string();
    }
    return watch_reading();
  }
}

// True where nothing is left to send.
bool ServerConnection::flush() {
  while (sent_ < out_.size()) {
    const auto n = ::send(socket_.fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      set_deadline(core_.limits.write_timeout);
      if (watching_write_) return false;
      watching_write_ = true;
      socket_.when_writable([self = shared_from_this()](bool ready) {
        self->watching_write_ = false;
        if (ready && self->state_ != State::closed) self->pump();
      });
      return false;
    } else if (errno != EINTR) {
      close();
      return false;
    }
  }
  if (!out_.empty()) {
    out_ = std::string();
    sent_ = 0;
    if (state_ == State::handling) deadline_ = Deadline::max();
  }
  return true;
}

void ServerConnection::after_flush() {
  // To close on bytes that were not read would reset the connection and could take the answer with it.
  if (state_ != State::lingering && unread_.empty()) return close();
  state_ = State::lingering;
  close_after_flush_ = false;
  unread_ = std::string();
  count_memory();
  rest();
  ::shutdown(socket_.fd(), SHUT_WR);
  set_deadline(kLinger);
  watch_reading();
}

}  // namespace slipway::net
