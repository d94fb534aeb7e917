#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "net/http_client.hpp"

// Emulators of DynamoDB that others wrote, from PyPI, in the project's environment build/venv.
namespace slipway::test {

// Why an emulator cannot be had on this machine; its tests skip, and say so.
struct NoEmulator : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct EmulatorProgram {
  std::string name;                      // in build/venv/bin
  std::vector<std::string> arguments;    // "PORT" stands for its port
  std::vector<std::string> environment;  // "NAME=PORT"
  std::string health;                    // a path that is answered once it is ready
};

// A server process on a loopback port of its own, ended with the object.
class Emulator {
 public:
  explicit Emulator(const EmulatorProgram& program) {
    const auto path = std::filesystem::absolute("build/venv/bin/" + program.name);
    if (!std::filesystem::exists(path)) {
      throw NoEmulator("there is no " + path.string() + ": ./check --only contract installs it from PyPI");
    }
    port_ = std::to_string(unused_port());
    std::vector<std::string> words{path.string()}, settings;
    for (const std::string& argument : program.arguments) words.push_back(with_port(argument));
    for (char** entry = environ; *entry != nullptr; ++entry) settings.emplace_back(*entry);
    for (const std::string& setting : program.environment) settings.push_back(with_port(setting));
    start(words, settings);
    wait_until_it_answers(program);
  }
  ~Emulator() { end(); }
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  std::string url() const { return "http://127.0.0.1:" + port_; }

 private:
  static std::uint16_t unused_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("there is no unused port");
    return ntohs(address.sin_port);
  }

  std::string with_port(std::string words) const {
    if (const auto at = words.rfind("PORT"); at != words.npos && at + 4 == words.size()) words.replace(at, 4, port_);
    return words;
  }

  void start(std::vector<std::string>& words, std::vector<std::string>& settings) {
    std::vector<char*> argv, envp;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& setting : settings) envp.push_back(setting.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error(words[0] + " could not be started");
  }

  // Python programs take their time on a busy machine.
  void wait_until_it_answers(const EmulatorProgram& program) {
    net::HttpClient client({.url = url()});
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (; std::chrono::steady_clock::now() < deadline; std::this_thread::sleep_for(Millis(50))) {
      try {
        if (client.send({.target = program.health, .timeout = Millis(2'000)}).status == 200) return;
      } catch (const Error&) {
        // Not listening yet.
      }
    }
    end();
    throw std::runtime_error(program.name + " did not answer within a minute");
  }

  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  pid_t pid_ = -1;
  std::string port_;
};

}  // namespace slipway::test
