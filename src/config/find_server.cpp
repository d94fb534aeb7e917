#include "config/find_server.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway {

std::string find_config_file(const EnvLookup& env) {
  const std::string named = env("SLIPWAY_CONFIG").value_or("");
  return named.empty() ? "slipway.yaml" : named;
}

net::Endpoint find_server(const std::string& server, const std::string& config_file, const EnvLookup& env) {
  const std::string url = server.empty() ? env("SLIPWAY_SERVER").value_or("") : server;
  if (!url.empty()) return {.url = url};
  try {
    return {.url =
                "unix://" + load_socket_path(config_file.empty() ? find_config_file(env) : config_file, env).string()};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::invalid,
                fmt::format("cannot tell which server to talk to: {}; go to the folder of slipway.yaml, or give "
                            "--config FILE or --server URL (or SLIPWAY_CONFIG, SLIPWAY_SERVER)",
                            e.message()));
  }
}

}  // namespace slipway
