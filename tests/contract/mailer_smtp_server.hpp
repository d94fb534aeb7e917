#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/contract/mailer_contract.hpp"

// Programs beside the tests: the SMTP server, and the reader of mails.
namespace slipway::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-mail-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A child with a pipe to its standard input and one from its standard output.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments, bool quiet = false) {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    if (quiet) ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const int failed = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (failed != 0) pid_ = -1;
  }
  ~Child() {
    kill();
    ::close(in_);
    ::close(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::string read_line() {
    std::string line;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  std::string read_all() {
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(out_, buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return all;
  }
  bool succeeded() {
    if (pid_ < 0) return false;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

inline bool runs(std::vector<std::string> arguments) {
  Child child(std::move(arguments), true);
  child.read_all();
  return child.succeeded();
}

inline std::string beside_this_file(const char* name) {
  return (std::filesystem::path("tests/contract") / name).string();  // tests run at the root of the tree
}

// Debian's Python first: its packages are not seen by another one on the path.
inline std::string python_with(const std::string& module) {
  for (const char* python : {"/usr/bin/python3", "python3"}) {
    if (runs(
            {python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('" + module + "') is None)"}))
      return python;
  }
  throw MissingTool{"there is no Python 3 with the module " + module + "; apt-get install python3-" + module};
}

inline boost::json::array read_mails(const std::filesystem::path& directory) {
  Child reader({python_with("email"), beside_this_file("mailer_read.py"), directory.string()});
  const std::string printed = reader.read_all();
  if (!reader.succeeded()) throw std::runtime_error("mailer_read.py failed");
  return boost::json::parse(printed).as_array();
}

inline std::string member(const boost::json::value& mail, const char* name) {
  return std::string(mail.as_object().at(name).as_string());
}

// Also holds each mail against what Python's reader calls a defect.
inline std::vector<ReceivedMail> received_mails(const std::filesystem::path& directory) {
  std::vector<ReceivedMail> mails;
  for (const boost::json::value& mail : read_mails(directory)) {
    EXPECT_TRUE(mail.at("defects").as_array().empty()) << mail.at("defects");
    mails.push_back({member(mail, "from"), member(mail, "reply_to"), member(mail, "to"), member(mail, "subject"),
                     member(mail, "text"), member(mail, "html")});
  }
  return mails;
}

// A self-signed certificate for "localhost".
struct Certificate {
  explicit Certificate(const std::filesystem::path& directory)
      : cert((directory / "cert.pem").string()), key((directory / "key.pem").string()) {
    if (!runs({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
               "-out", cert})) {
      throw MissingTool{"openssl cannot make a certificate; apt-get install openssl"};
    }
  }
  std::string cert;
  std::string key;
};

// tests/contract/smtp_server.py, running.
class SmtpServer {
 public:
  explicit SmtpServer(std::vector<std::string> options = {}) : child_(command(mails_.path(), std::move(options))) {
    const std::string line = child_.read_line();
    if (!line.starts_with("PORT ")) throw std::runtime_error("the SMTP server did not start: " + line);
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(5)));
  }

  std::uint16_t port() const { return port_; }
  const std::filesystem::path& mails() const { return mails_.path(); }
  void stop() { child_.kill(); }

 private:
  static std::vector<std::string> command(const std::filesystem::path& mails, std::vector<std::string> options) {
    std::vector<std::string> all = {python_with("aiosmtpd"), beside_this_file("smtp_server.py"), "--dir",
                                    mails.string()};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  TemporaryDirectory mails_;
  Child child_;
  std::uint16_t port_ = 0;
};

}  // namespace slipway::test
