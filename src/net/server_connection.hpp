#pragma once
#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "net/request_parser.hpp"
#include "net/server_core.hpp"

namespace slipway::net {

// One client's connection: reads a request, has it answered, writes the answer, and begins anew. It belongs to the I/O
// thread; what is called on workers says so, and everything they find is posted back.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Place = Lane::Connections::iterator;

  ServerConnection(ServerCore& core, Lane& lane, int fd, std::string peer);
  void start(Place place);
  void close();
  // The server stops: ends what only waits or streams, and closes once nothing is in flight.
  void drain();
  bool expired(Deadline now) const { return now >= deadline_; }
  void expire();

 private:
  // reading: a request, or nothing yet; handling: a worker (for a look at the head, too), a wait or a stream has the
  // request; lingering: refused,
  // what the client still sends is thrown away so that it can read the answer.
  enum class State { reading, handling, lingering, closed };

  // A WaitingResponse under way. Whoever wakes it holds it weakly.
  struct Wait {
    std::function<bool()> ready;
    std::function<Response()> finish;
    bool looking = false;  // a worker asks whether it is ready
    bool woken = false;    // since then
    bool over = false;     // the time is
  };

  // A StreamingResponse under way.
  struct Stream {
    std::function<std::unique_ptr<PieceSource>(std::stop_token, StreamingResponse::Wake)> open;
    std::unique_ptr<PieceSource> source;  // belongs to the pull under way
    std::stop_source stop;
    std::shared_ptr<std::atomic<bool>> woken = std::make_shared<std::atomic<bool>>(false);
    bool due = true;  // to be pulled once the client has taken what there is
    bool pulling = false;
    bool ended = false;
    bool whole = true;  // a body that was cut short must not look whole
  };
  struct Pulled {
    std::string piece;
    PieceSource::State state = PieceSource::State::ended;
    bool whole = true;
    int descriptor = -1;
    Millis pause{};
  };

  void pump();
  bool flush();
  void read();
  std::size_t parse(std::string_view bytes);
  bool parse_step(std::string_view bytes, std::size_t& used);
  void refuse(int status, std::string_view why);
  void refuse(const Response& answer);
  void ask_admission();
  void admitted(std::optional<Response> refusal);
  void tell_to_continue();
  void rest();
  bool too_much(std::size_t bytes) const;
  void count_memory();
  void request_complete();
  void watch_reading();
  void after_flush();
  void set_deadline(Millis from_now);

  void run(const ServerRequest& request);  // on a worker
  void reply(Response response);
  void busy(std::string_view why);
  Response failed(const ServerRequest& request, const char* what) const;
  void post(std::function<void(ServerConnection&)> task);

  void subscribe(WaitingResponse response, const ServerRequest& request);  // on a worker
  void begin_wait(std::shared_ptr<Wait> wait, Millis timeout);
  void look(const std::shared_ptr<Wait>& wait, bool over);
  void looked(const std::shared_ptr<Wait>& wait, std::optional<Response> answer);
  void drop_wait();

  void begin_stream(StreamingResponse response);
  void pull_stream();
  void pull(const std::shared_ptr<Stream>& stream);  // on a worker
  void pulled(const std::shared_ptr<Stream>& stream, Pulled got);
  void await_more(const std::shared_ptr<Stream>& stream, const Pulled& got);
  void stream_due(const std::shared_ptr<Stream>& stream);
  void end_stream();
  void drop_stream();

  ServerCore& core_;
  Lane& lane_;
  Watched socket_;
  const std::string peer_;
  const std::optional<unsigned> peer_uid_;
  Place place_{};
  State state_ = State::reading;
  Deadline deadline_ = Deadline::max();
  bool watching_read_ = false;
  bool watching_write_ = false;
  bool close_after_flush_ = false;
  bool continued_ = false;                    // "100 Continue" was sent for the present request
  bool admitted_ = false;                     // its head has been looked at, its body may come
  bool resting_ = true;                       // among the lane's idle ones
  std::size_t in_work_ = 0;                   // bytes of the request that a worker has
  std::size_t memory_ = 0;                    // bytes counted in the lane's
  Deadline read_deadline_ = Deadline::max();  // of a request whose head a worker looks at
  Framing framing_;                           // of the answer to the present request
  std::unique_ptr<RequestParser> parser_;
  std::string unread_;  // came, and not yet parsed
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t thrown_away_ = 0;
  std::shared_ptr<Wait> wait_;
  std::shared_ptr<Stream> stream_;
  std::optional<LoopTimer> timer_;  // of the wait or the stream
  std::optional<Watched> source_watch_;
  bool watching_source_ = false;
};

}  // namespace slipway::net
