#include "config/find_server.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway {
namespace {

std::string env_or_nothing(const EnvLookup& env, const std::string& name) { return env(name).value_or(""); }

}  // namespace

std::string find_config_file(const std::string& config_file, const EnvLookup& env) {
  if (!config_file.empty()) return config_file;
  const std::string from_env = env_or_nothing(env, "SLIPWAY_CONFIG");
  return from_env.empty() ? "slipway.yaml" : from_env;
}

net::Endpoint find_server(const std::string& server, const std::string& config_file, const EnvLookup& env) {
  const std::string url = server.empty() ? env_or_nothing(env, "SLIPWAY_SERVER") : server;
  if (!url.empty()) return {.url = url};
  const std::string file = find_config_file(config_file, env);
  try {
    return {.url = "unix://" + load_socket_path(file, env).string()};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    throw Error(ErrorKind::invalid,
                fmt::format("cannot tell which server to talk to: {}; go to the folder of slipway.yaml, or give "
                            "--config FILE or --server URL (or SLIPWAY_CONFIG, SLIPWAY_SERVER)",
                            e.message()));
  }
}

}  // namespace slipway
