// How a connection's request is answered: by a worker at once, later, or piece by piece.
#include "base/error.hpp"
#include "net/server_connection.hpp"

namespace slipway::net {

// Runs `task` on the I/O thread, and sends what it left to send.
void ServerConnection::post(std::function<void(ServerConnection&)> task) {
  core_.loop.post([self = shared_from_this(), task = std::move(task)] {
    if (self->state_ == State::closed) return;
    task(*self);
    self->pump();
  });
}

Response ServerConnection::failed(const ServerRequest& request, const char* what) const {
  core_.log.error("a request failed", {{"method", request.method}, {"path", request.path}, {"error", what}});
  return problem(500, "something went wrong on the server's side; its log says what");
}

// On a worker.
void ServerConnection::run(const ServerRequest& request) {
  Reply made;
  try {
    made = core_.handler(request);
  } catch (const std::exception& e) {
    made = failed(request, e.what());
  }
  if (auto* response = std::get_if<Response>(&made)) {
    post([response = std::move(*response)](ServerConnection& self) mutable { self.reply(std::move(response)); });
  } else if (auto* stream = std::get_if<StreamingResponse>(&made)) {
    post([stream = std::move(*stream)](ServerConnection& self) mutable { self.begin_stream(std::move(stream)); });
  } else {
    subscribe(std::move(std::get<WaitingResponse>(made)), request);
  }
}

// Puts the answer behind what is still to be sent; pump() sends it.
void ServerConnection::reply(Response response) {
  if (state_ == State::closed) return;
  if (core_.draining) framing_.keep_alive = false;
  if (!core_.writer.write(out_, response, framing_)) {
    core_.log.error("an answer's header holds a line break; answered 500", {});
    core_.writer.write(out_, problem(500, "the server made an answer that cannot be sent"), framing_);
  }
  close_after_flush_ = !framing_.keep_alive;
  state_ = State::reading;
}

void ServerConnection::busy(std::string_view why) {
  auto response = problem(503, why);
  response.headers.emplace_back("Retry-After", "1");
  reply(std::move(response));
}

// On a worker. The wait's beginning is posted before anybody can wake it, so the two come in this order. A client that
// goes away ends the wait; what was subscribed then wakes nothing.
void ServerConnection::subscribe(WaitingResponse response, const ServerRequest& request) {
  const auto wait = std::make_shared<Wait>(Wait{std::move(response.finish)});
  post([wait, timeout = response.timeout](ServerConnection& self) { self.begin_wait(wait, timeout); });
  try {
    response.subscribe([core = core_.weak_from_this(), connection = weak_from_this(), weak = std::weak_ptr(wait)] {
      const auto alive = core.lock();
      if (!alive) return;
      alive->loop.post([connection, weak] {
        const auto self = connection.lock();
        if (self) self->end_wait(weak.lock());
      });
    });
  } catch (const std::exception& e) {
    post([wait, answer = failed(request, e.what())](ServerConnection& self) {
      if (self.wait_ != wait) return;
      self.wait_.reset();
      self.wait_timer_.reset();
      self.reply(answer);
    });
  }
}

void ServerConnection::begin_wait(std::shared_ptr<Wait> wait, Millis timeout) {
  wait_ = std::move(wait);
  if (core_.draining) return end_wait(wait_);
  watch_reading();  // a client that goes away is noticed
  wait_timer_.emplace(core_.loop);
  wait_timer_->at(std::chrono::steady_clock::now() + timeout,
                  [weak = weak_from_this(), waiting = std::weak_ptr(wait_)] {
                    if (const auto self = weak.lock()) self->end_wait(waiting.lock());
                  });
}

void ServerConnection::end_wait(const std::shared_ptr<Wait>& wait) {
  if (!wait || wait != wait_) return;
  auto finish = std::move(wait_->finish);
  wait_timer_.reset();
  wait_.reset();
  const bool taken = core_.workers.submit_follow_up([self = shared_from_this(), finish = std::move(finish)] {
    Response response;
    try {
      response = finish();
    } catch (const std::exception& e) {
      response = self->failed({.method = "", .path = "(an answer that was waited for)", .query = ""}, e.what());
    }
    self->post([response = std::move(response)](ServerConnection& me) mutable { me.reply(std::move(response)); });
  });
  if (!taken) close();
}

void ServerConnection::begin_stream(StreamingResponse response) {
  if (core_.draining) return busy("the server is stopping");
  auto framing = framing_;
  framing.chunked = true;
  if (framing.http_1_0) framing.keep_alive = false;
  std::string head;
  if (!core_.writer.write(head, response.head, framing)) return reply(std::move(response.head));
  if (framing.head_only) {
    framing_ = framing;
    out_ += head;
    close_after_flush_ = !framing.keep_alive;
    state_ = State::reading;
    return;
  }
  const auto channel = std::make_shared<StreamChannel>(!framing.http_1_0, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->post([](ServerConnection&) {});
  });
  const bool taken = core_.streams.submit([self = shared_from_this(), channel, produce = std::move(response.produce)] {
    try {
      produce(*channel);
    } catch (const std::exception& e) {
      self->core_.log.error("a streamed answer failed", {{"error", e.what()}});
      channel->spoil();
    }
    self->post([channel](ServerConnection& me) { me.stream_ended_ = me.stream_ == channel; });
  });
  if (!taken) return busy("the server streams to as many clients as it can; try again in a second");
  framing_ = framing;
  out_ += head;
  stream_ = channel;
  stream_ended_ = false;
  watch_reading();  // a client that goes away is noticed
}

// A body that was cut short must not look whole: then the connection ends without the last chunk.
void ServerConnection::end_stream() {
  const bool whole = stream_->complete();
  stream_.reset();
  if (!whole) return close();
  if (!framing_.http_1_0) out_ += "0\r\n\r\n";
  if (core_.draining) framing_.keep_alive = false;
  close_after_flush_ = !framing_.keep_alive;
  state_ = State::reading;
}

}  // namespace slipway::net
