#pragma once
#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"

namespace slipway::cli {

// How the user named the server: --server and --config, empty where not given.
struct ServerChoice {
  std::string server;
  std::string config_file;
};

// What the commands have of the world around them. All of it outlives them.
struct Context {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Clock& clock;
  std::string version;                                            // of this program
  std::function<net::Endpoint(const ServerChoice&)> find_server;  // throws Error where no server is named

  // The key for the server, empty where there is none; throws Error where it cannot be read.
  std::function<Secret()> api_key = [] { return Secret(); };

  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool colours = false;    // as wants_colours() decides
  std::stop_token stop{};  // ends what follows (logs -f, events -f)

  // Options that the program may take before a command, too; a command's own come first.
  std::string config_file{};
  bool json = false;

  int exit_code = 0;  // of the command that ran; see exit_code.hpp
};

}  // namespace slipway::cli
