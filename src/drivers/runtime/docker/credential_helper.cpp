#include "drivers/runtime/docker/credential_helper.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "os/child.hpp"

namespace slipway::docker {
namespace {

[[noreturn]] void fail(const std::string& program, std::string_view why) {
  throw Error(ErrorKind::unavailable,
              fmt::format("{}, which Docker's config file names for this registry: {}", program, why));
}

}  // namespace

std::optional<RegistryLogin> ask_credential_helper(const std::string& name, const std::string& server, Millis timeout) {
  const std::string program = "docker-credential-" + name;
  if (name.empty() || name.find('/') != std::string::npos) fail(program, "is not the name of a program");
  os::Ended ended;
  try {
    ended =
        os::run({.words = {program, "get"}, .input = server + "\n", .errors = os::Command::Errors::discarded}, timeout);
  } catch (const Error& error) {
    fail(program, error.message() + (error.kind() == ErrorKind::invalid ? "; install it or run 'docker login'" : ""));
  }
  if (ended.exit_code != 0) {
    // The protocol has no code for this, only these words on standard output.
    if (ended.output.find("credentials not found") != std::string::npos) return std::nullopt;
    fail(program, fmt::format("failed: {}", trimmed(ended.output).substr(0, 200)));
  }
  const auto value = parse_json(ended.output, program);
  if (!value.is_object()) fail(program, "did not answer with a JSON object");
  RegistryLogin login;
  login.server = server;
  login.username = string_at(value.get_object(), "Username");
  const Secret secret(string_at(value.get_object(), "Secret"));
  (login.username == "<token>" ? login.identity_token : login.password) = secret;
  if (login.username == "<token>") login.username.clear();
  return login;
}

}  // namespace slipway::docker
