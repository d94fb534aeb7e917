#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "net/request_parser.hpp"
#include "net/server_core.hpp"
#include "net/stream_channel.hpp"

namespace slipway::net {

// One client's connection: reads a request, has it answered, writes the answer, and begins anew. It belongs to the I/O
// thread; run() alone is called on workers, and everything they find is posted back.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Place = std::list<std::shared_ptr<ServerConnection>>::iterator;

  ServerConnection(ServerCore& core, int fd, std::string peer);
  void start(Place place);
  void close();
  // The server stops: ends what only waits or streams, and closes once nothing is in flight.
  void drain();
  bool expired(Deadline now) const { return now >= deadline_; }
  void expire();

 private:
  // reading: a request, or nothing yet; handling: a worker, a wait or a stream has the request; lingering: refused,
  // what the client still sends is thrown away so that it can read the answer.
  enum class State { reading, handling, lingering, closed };

  // A WaitingResponse under way. Whoever wakes it holds it weakly.
  struct Wait {
    std::function<Response()> finish;
  };

  void pump();
  bool flush();
  void read();
  std::size_t parse(std::string_view bytes);
  bool parse_step(std::string_view bytes, std::size_t& used);
  void refuse(int status, std::string_view why);
  void request_complete();
  void watch_reading();
  void after_flush();
  void set_deadline(Millis from_now);

  void run(const ServerRequest& request);
  void reply(Response response);
  void busy(std::string_view why);
  void begin_stream(StreamingResponse response);
  void end_stream();
  void begin_wait(std::shared_ptr<Wait> wait, Millis timeout);
  void end_wait(const std::shared_ptr<Wait>& wait);
  void subscribe(WaitingResponse response, const ServerRequest& request);
  Response failed(const ServerRequest& request, const char* what) const;
  void post(std::function<void(ServerConnection&)> task);

  ServerCore& core_;
  Watched socket_;
  const std::string peer_;
  Place place_{};
  State state_ = State::reading;
  Deadline deadline_ = Deadline::max();
  bool watching_read_ = false;
  bool watching_write_ = false;
  bool close_after_flush_ = false;
  bool continued_ = false;  // "100 Continue" was sent for the present request
  Framing framing_;         // of the answer to the present request
  std::unique_ptr<RequestParser> parser_;
  std::string unread_;  // came, and not yet parsed
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t thrown_away_ = 0;
  std::shared_ptr<Wait> wait_;
  std::optional<LoopTimer> wait_timer_;
  std::shared_ptr<StreamChannel> stream_;
  bool stream_ended_ = false;
};

}  // namespace slipway::net
