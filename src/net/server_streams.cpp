// Answers that are sent while they are being made: a connection pulls its source piece by piece, on a worker, and waits
// for the client and for the source on the I/O thread.
#include <fcntl.h>

#include "net/server_connection.hpp"

namespace slipway::net {

namespace {
constexpr Millis kUnwatchedPause{1'000};  // between two looks at a source whose descriptor cannot be watched
}

void ServerConnection::begin_stream(StreamingResponse response) {
  if (core_.draining) return busy("the server is stopping");
  auto framing = framing_;
  framing.chunked = true;
  if (framing.http_1_0) framing.keep_alive = false;
  std::string head;
  if (!core_.writer.write(head, response.head, framing)) return reply(std::move(response.head));
  if (!framing.head_only && lane_.streams >= core_.limits.streams) {
    return busy("the server streams to as many clients as it can; try again in a second");
  }
  framing_ = framing;
  out_ += head;
  if (framing.head_only) {
    close_after_flush_ = !framing.keep_alive;
    state_ = State::reading;
    return;
  }
  ++lane_.streams;
  in_work_ = 0;
  stream_ = std::make_shared<Stream>();
  stream_->open = std::move(response.open);
  timer_.emplace(core_.loop);
  watch_reading();  // a client that goes away is noticed
}

// Called when the client has taken what there was.
void ServerConnection::pull_stream() {
  if (!stream_->due || stream_->pulling) return;
  stream_->due = false;
  stream_->pulling = true;
  const bool taken =
      lane_.followers.submit_follow_up([self = shared_from_this(), stream = stream_] { self->pull(stream); });
  if (!taken) close();
}

// On a worker. The source goes with the stream, here where the client has gone meanwhile.
void ServerConnection::pull(const std::shared_ptr<Stream>& stream) {
  Pulled got;
  try {
    if (!stream->source) {
      // Holds nothing of the stream: whoever calls it must not be the one to destroy the source.
      const auto wake = [core = core_.weak_from_this(), connection = weak_from_this(), weak = std::weak_ptr(stream),
                         woken = stream->woken] {
        if (woken->exchange(true)) return;
        const auto alive = core.lock();
        if (!alive) return;
        alive->loop.post([connection, weak] {
          const auto self = connection.lock();
          if (self) self->stream_due(weak.lock());
        });
      };
      stream->source = stream->open(stream->stop.get_token(), wake);
      stream->open = nullptr;
    }
    got.state = stream->source->pull(got.piece);
    got.descriptor = stream->source->descriptor();
    got.pause = stream->source->pause();
  } catch (const std::exception& e) {
    if (!stream->stop.stop_requested()) core_.log.error("a streamed answer failed", {{"error", e.what()}});
    got.state = PieceSource::State::ended;
    got.whole = false;
  }
  post([stream, got = std::move(got)](ServerConnection& me) mutable { me.pulled(stream, std::move(got)); });
}

void ServerConnection::pulled(const std::shared_ptr<Stream>& stream, Pulled got) {
  if (stream != stream_) return;
  stream->pulling = false;
  if (!got.piece.empty()) {
    if (!framing_.http_1_0) fmt::format_to(std::back_inserter(out_), "{:x}\r\n", got.piece.size());
    out_ += got.piece;
    if (!framing_.http_1_0) out_ += "\r\n";
  }
  stream->whole = got.whole;
  if (got.state == PieceSource::State::ended) stream->ended = true;
  if (got.state == PieceSource::State::more) stream->due = true;
  if (got.state == PieceSource::State::waiting) await_more(stream, got);
}

// The descriptor is watched as a copy, so that whoever owns it may close it at any time.
void ServerConnection::await_more(const std::shared_ptr<Stream>& stream, const Pulled& got) {
  Millis pause = got.pause;
  if (got.descriptor >= 0 && !source_watch_) {
    const int copy = ::fcntl(got.descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) source_watch_.emplace(core_.loop, copy);
    if (copy < 0) pause = std::min(pause, kUnwatchedPause);
  }
  const auto due = [weak = weak_from_this(), waiting = std::weak_ptr(stream)] {
    if (const auto self = weak.lock()) self->stream_due(waiting.lock());
  };
  if (source_watch_ && !std::exchange(watching_source_, true)) {
    source_watch_->when_readable([weak = weak_from_this(), due](bool ready) {
      const auto self = weak.lock();
      if (!self || !ready) return;
      self->watching_source_ = false;
      due();
    });
  }
  timer_->at(std::chrono::steady_clock::now() + pause, due);
}

void ServerConnection::stream_due(const std::shared_ptr<Stream>& stream) {
  if (!stream || stream != stream_) return;
  *stream->woken = false;
  stream->due = true;
  pump();
}

void ServerConnection::end_stream() {
  const bool whole = stream_->whole;
  drop_stream();
  if (!whole) return close();
  if (!framing_.http_1_0) out_ += "0\r\n\r\n";
  if (core_.draining) framing_.keep_alive = false;
  close_after_flush_ = !framing_.keep_alive;
  state_ = State::reading;
}

void ServerConnection::drop_stream() {
  if (!stream_) return;
  --lane_.streams;
  stream_->stop.request_stop();
  stream_.reset();
  timer_.reset();
  source_watch_.reset();
  watching_source_ = false;
}

}  // namespace slipway::net
