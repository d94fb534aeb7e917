// How a connection's request is answered: by a worker at once, or later.
#include "base/error.hpp"
#include "net/server_connection.hpp"

namespace slipway::net {

// Runs `task` on the I/O thread, and sends what it left to send.
void ServerConnection::post(std::function<void(ServerConnection&)> task) {
  core_.loop.post([self = shared_from_this(), task = std::move(task)] {
    if (self->state_ == State::closed) return;
    task(*self);
    self->count_memory();
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
  in_work_ = 0;
}

void ServerConnection::busy(std::string_view why) {
  auto response = problem(503, why);
  response.headers.emplace_back("Retry-After", "1");
  reply(std::move(response));
}

// On a worker. The wait's beginning is posted before anybody can wake it, so the two come in this order; it is looked
// at at once, for what came before there was anybody to wake. A client that goes away ends the wait; what was
// subscribed then wakes nothing.
void ServerConnection::subscribe(WaitingResponse response, const ServerRequest& request) {
  const auto wait = std::make_shared<Wait>();
  wait->ready = std::move(response.ready);
  wait->finish = std::move(response.finish);
  const bool has_ready = wait->ready != nullptr;
  post([wait, timeout = response.timeout](ServerConnection& self) { self.begin_wait(wait, timeout); });
  try {
    response.subscribe([core = core_.weak_from_this(), connection = weak_from_this(), weak = std::weak_ptr(wait)] {
      const auto alive = core.lock();
      if (!alive) return;
      alive->loop.post([connection, weak] {
        const auto self = connection.lock();
        if (self) self->look(weak.lock(), false);
      });
    });
  } catch (const std::exception& e) {
    return post([wait, answer = failed(request, e.what())](ServerConnection& self) { self.looked(wait, answer); });
  }
  if (has_ready) post([wait](ServerConnection& self) { self.look(wait, false); });
}

void ServerConnection::begin_wait(std::shared_ptr<Wait> wait, Millis timeout) {
  if (lane_.waits >= core_.limits.waits) return busy("as many wait for an answer as can; try again in a second");
  ++lane_.waits;
  in_work_ = 0;
  wait_ = std::move(wait);
  if (core_.draining) return look(wait_, true);
  watch_reading();  // a client that goes away is noticed
  timer_.emplace(core_.loop);
  timer_->at(std::chrono::steady_clock::now() + timeout, [weak = weak_from_this(), waiting = std::weak_ptr(wait_)] {
    if (const auto self = weak.lock()) self->look(waiting.lock(), true);
  });
}

// Has a worker find out whether the answer can be made, one at a time for each wait, however often it is woken.
void ServerConnection::look(const std::shared_ptr<Wait>& wait, bool over) {
  if (!wait || wait != wait_) return;
  if (over) wait->over = true;
  wait->woken = true;
  if (std::exchange(wait->looking, true)) return;
  wait->woken = false;
  const bool taken = lane_.followers.submit_follow_up([self = shared_from_this(), wait, last = wait->over] {
    const auto ready = [&] {
      try {
        return last || !wait->ready || wait->ready();
      } catch (const std::exception&) {
        return true;
      }
    };
    std::optional<Response> answer;
    try {
      if (ready()) answer = wait->finish();
    } catch (const std::exception& e) {
      answer = self->failed({.method = "", .path = "(an answer that was waited for)", .query = ""}, e.what());
    }
    self->post(
        [wait, answer = std::move(answer)](ServerConnection& me) mutable { me.looked(wait, std::move(answer)); });
  });
  if (!taken) close();
}

void ServerConnection::looked(const std::shared_ptr<Wait>& wait, std::optional<Response> answer) {
  if (wait != wait_) return;
  wait->looking = false;
  if (!answer) return wait->woken ? look(wait, false) : void();
  drop_wait();
  reply(std::move(*answer));
}

void ServerConnection::drop_wait() {
  if (!wait_) return;
  --lane_.waits;
  wait_.reset();
  timer_.reset();
}

}  // namespace slipway::net
