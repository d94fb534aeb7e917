// slipway_bench_lambda_cold LISTENER LOG: cold starts of functions. It is AWS and Lambda's interface at once, as far as
// a first invocation needs them: one event, then what AWS once answered to each operation, in that order, from memory.
// The clock runs from the exec of a command until its answer to the event has come whole.
//   LISTENER  the number of an inherited socket that listens where the commands will ask
//   LOG       what they print goes to the end of this file
//   stdin     a line for each start: {"command": ["/path", ...], "event": "...", "answers": {"RunTask": ["...", ...]}},
//             the event and the answers as HTTP goes over the wire
//   stdout    a line for each: {"ms", "kib" (its peak memory), "asked" (operations), "unknown" (those of them of which
//             there was no answer left), "path", "body" (of its answer)}
// Exit 1, with words, where one does not answer within a minute. It is a program of its own so that what measures takes
// little of what is measured.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using Tcp = asio::ip::tcp;

constexpr int limit_seconds = 60;

double now_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// A process that says when it went over into COMMAND.
class Started {
 public:
  Started(const std::string& log, std::vector<std::string> command) {
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    if (::pipe2(pipe_, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("no process");  // and so nothing that is to be ended
    if (pid_ == 0) {
      const int out = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
      ::dup2(out, 1);
      ::dup2(out, 2);
      const double now = now_ms();
      if (::write(pipe_[1], &now, sizeof now) == sizeof now) ::execv(words[0], words.data());
      std::perror(words[0]);
      ::_exit(127);
    }
    ::close(pipe_[1]);
  }
  Started(const Started&) = delete;
  ~Started() {
    ::close(pipe_[0]);
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  double began_ms() const {
    double at = 0;
    if (::read(pipe_[0], &at, sizeof at) != sizeof at) throw std::runtime_error("it was not started");
    return at;
  }

  long peak_kib() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    }
    throw std::runtime_error("it has ended before it had its answer");
  }

 private:
  int pipe_[2];
  pid_t pid_;
};

// What is known of one start, and the end of it.
struct Run {
  asio::io_context io{1};
  std::string event;  // taken by the first who asks for it
  std::map<std::string, std::deque<std::string>> answers;
  json::array asked, unknown;
  double answered_ms = 0;
  std::string path, body;
  std::vector<std::shared_ptr<void>> waiting;  // connections that get no answer

  explicit Run(const json::object& recording) : event(recording.at("event").as_string()) {
    for (const auto& [operation, list] : recording.at("answers").as_object()) {
      for (const auto& answer : list.as_array()) answers[operation].emplace_back(answer.as_string());
    }
  }

  // Empty: who asks waits for ever.
  std::string answer_to(const http::request<http::string_body>& request) {
    if (request.method() == http::verb::get) return std::exchange(event, "");
    if (request.target().find("/runtime/") != std::string_view::npos) {
      answered_ms = now_ms();
      path = request.target();
      body = request.body();
      io.stop();
      return "";
    }
    std::string operation = request["x-amz-target"];
    operation.erase(0, operation.find('.') + 1);
    asked.emplace_back(operation);
    auto& left = answers[operation];
    if (left.empty()) {
      unknown.emplace_back(operation);
      return "HTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\n{}";
    }
    std::string answer = std::move(left.front());
    left.pop_front();
    return answer;
  }
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Run& run, Tcp::socket socket) : run_(run), socket_(std::move(socket)) {
    socket_.set_option(Tcp::no_delay(true));
  }

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_, [self = shared_from_this()](auto error, auto) {
      if (error) return;
      self->answer_ = self->run_.answer_to(self->request_);
      // Who gets no answer must not be left either: it would ask once more.
      self->answer_.empty() ? self->run_.waiting.push_back(self) : self->write();
    });
  }

 private:
  void write() {
    asio::async_write(socket_, asio::buffer(answer_), [self = shared_from_this()](auto error, auto) {
      if (!error) self->read();
    });
  }

  Run& run_;
  Tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::string answer_;
};

void accept(Run& run, Tcp::acceptor& acceptor) {
  acceptor.async_accept([&](auto error, Tcp::socket socket) {
    if (!error) std::make_shared<Session>(run, std::move(socket))->read();
    accept(run, acceptor);
  });
}

json::object cold_start(const json::object& order, int listener, const std::string& log) {
  Run run(order);
  Tcp::acceptor acceptor(run.io, Tcp::v4(), ::fcntl(listener, F_DUPFD_CLOEXEC, 0));
  accept(run, acceptor);
  asio::signal_set ended(run.io, SIGCHLD);
  ended.async_wait([&](auto, auto) { run.io.stop(); });
  const Started process(log, json::value_to<std::vector<std::string>>(order.at("command")));
  run.io.run_for(std::chrono::seconds(limit_seconds));
  if (run.path.empty()) {
    throw std::runtime_error("it has ended, or does not answer within a minute; it asked " +
                             json::serialize(run.asked));
  }
  return {{"ms", run.answered_ms - process.began_ms()},
          {"kib", process.peak_kib()},  // it still waits for an answer to its own
          {"asked", run.asked},
          {"unknown", run.unknown},
          {"path", run.path},
          {"body", run.body}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: slipway_bench_lambda_cold LISTENER LOG\n";
    return 2;
  }
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << json::serialize(cold_start(json::parse(line).as_object(), std::stoi(argv[1]), argv[2])) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << "slipway_bench_lambda_cold: " << error.what() << "\n";
    return 1;
  }
}
