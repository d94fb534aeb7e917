#include "drivers/runtime/docker/engine_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/text.hpp"

namespace slipway::docker {
namespace {

constexpr std::size_t message_limit_bytes = 500;

bool has_any(std::string_view text, const std::vector<std::string_view>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// The text may come from anywhere; an error is one line.
std::string one_line(std::string_view text) {
  const std::string line = without_controls(text.substr(0, 2 * message_limit_bytes));
  return trimmed(cut_to_bytes(line, message_limit_bytes));
}

ErrorKind kind_of(int status, std::string_view message) {
  if (says_bad_command(message)) return ErrorKind::invalid;
  // "exchange full": a Linux bridge has 1,023 ports.
  if (has_any(message, {"no space left", "exchange full", "address pool", "no available IPv4 addresses",
                        "cannot allocate memory", "too many open files"})) {
    return ErrorKind::limited;
  }
  switch (status) {
    case 400:
      return ErrorKind::invalid;
    case 401:
      return ErrorKind::unauthorized;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 429:
      return ErrorKind::limited;
    case 502:
    case 503:
    case 504:
      return ErrorKind::unavailable;
    default:
      return ErrorKind::internal;
  }
}

struct PullReason {
  std::vector<std::string_view> words;  // in lower case; any of them
  ErrorKind kind;
  std::string_view advice;
};

// The first that fits counts: "manifest for x not found" and "no matching manifest" differ, and a registry that is down
// may say "not found" of its own host.
const std::vector<PullReason> pull_reasons = {
    {{"toomanyrequests", "too many requests", "rate limit"},
     ErrorKind::limited,
     "log in to the registry for a higher limit, or wait"},
    {{"no space left"}, ErrorKind::limited, "free some disk space"},
    {{"unauthorized", "authentication required", "no basic auth credentials", "access denied", "resource is denied",
      "denied:", "\": denied", "403 forbidden", "401 unauthorized", "incorrect username or password"},
     ErrorKind::forbidden,
     "check the image's name, and log in with 'docker login' where it is private"},
    {{"no matching manifest", "invalid reference format", "unsupported media type", "mediatype in manifest",
      "schema 1"},
     ErrorKind::invalid,
     "use an image that is made for this machine"},
    {{"manifest unknown", "name unknown", "manifest for", "repository name not known"},
     ErrorKind::not_found,
     "check the image's name and tag"},
    {{"http response to https client"},
     ErrorKind::unavailable,
     "the registry speaks plain HTTP: list it under the engine's insecure-registries"},
    {{"dial tcp", "no such host", "connection re", "timeout", "tls", "x509", "eof", "server misbehaving", "net/http",
      "context deadline", "500 internal", "502", "503", "504", "unavailable", "unexpected http"},
     ErrorKind::unavailable,
     "is the registry reachable from the engine?"},
    {{"no such image", "not found"}, ErrorKind::not_found, "check the image's name and tag"},
};

// What comes before the exec of the container's process; before that of a hook or of the init there are other words.
constexpr std::string_view before_exec[] = {"container process: ", "container process caused: ",
                                            "container process caused \"", "container init: ", "_linux.go: "};
const std::vector<std::string_view> why_not_executed = {"executable file not found", "no such file or directory",
                                                        "permission denied",         "is a directory",
                                                        "not a directory",           "exec format error"};

// A clause such as `exec: "PROGRAM": …` or `exec /path/PROGRAM: …`.
bool names(std::string_view clause, std::string_view program) {
  const auto begin = clause.find_first_of(" ");
  if (program.empty() || clause.starts_with("exec user process")) return true;
  if (begin == clause.npos) return false;
  std::string_view named = clause.substr(begin + 1);
  if (named.starts_with('"')) {
    named.remove_prefix(1);
    named = named.substr(0, named.find('"'));
  } else {
    named = named.substr(0, named.find(": "));
  }
  return named == program || named.ends_with("/" + std::string(program));
}

}  // namespace

std::string message_of(std::string_view body) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  if (!error && value.is_object()) {
    for (const std::string_view key : {"message", "cause", "error"}) {
      const auto* text = value.get_object().if_contains(key);
      if (text != nullptr && text->is_string() && !text->get_string().empty()) return one_line(text->get_string());
    }
  }
  const std::string text = one_line(body);
  return text.empty() ? "no reason given" : text;
}

Error engine_error(int status, std::string_view body, std::string_view doing) {
  const std::string message = message_of(body);
  return Error(kind_of(status, message), fmt::format("docker: {}: {} (status {})", doing, message, status));
}

Error pull_error(std::string_view message, std::string_view image) {
  const std::string words = one_line(message);
  const std::string text = lowered_ascii(words);
  const auto reason = std::find_if(pull_reasons.begin(), pull_reasons.end(),
                                   [&](const PullReason& candidate) { return has_any(text, candidate.words); });
  if (reason == pull_reasons.end()) return Error(ErrorKind::internal, fmt::format("docker: pull {}: {}", image, words));
  Error error(reason->kind, fmt::format("docker: pull {}: {}; {}", image, words, reason->advice));
  if (reason->kind == ErrorKind::limited) return std::move(error).after(std::chrono::minutes(1));
  return error;
}

// "Ports are not available" is Docker Desktop's word; "address already in use" that of Podman and of the user-land
// proxy.
bool says_port_taken(std::string_view message) {
  return has_any(message, {"port is already allocated", "Ports are not available"}) ||
         (has_any(message, {"address already in use"}) && has_any(message, {"bind", "listen", "port"}));
}

bool says_bad_command(std::string_view message, std::string_view program) {
  if (has_any(message, {"No command specified", "attempted to invoke a command that was not found"})) return true;
  std::string text = lowered_ascii(message);
  std::erase(text, '\\');  // of quotes within quotes
  for (auto at = text.find("exec"); at != text.npos; at = text.find("exec", at + 1)) {
    const std::string_view before = std::string_view(text).substr(0, at);
    const bool of_the_process = std::any_of(std::begin(before_exec), std::end(before_exec),
                                            [&](std::string_view words) { return before.ends_with(words); });
    const std::string_view clause = std::string_view(text).substr(at);
    if (of_the_process && names(clause, lowered_ascii(program)) && has_any(clause, why_not_executed)) return true;
  }
  return false;
}

bool says_oci_trouble(std::string_view message) {
  return has_any(message, {"OCI runtime", "container process", "shim", "runc", "crun"});
}

bool says_no_such_image(std::string_view message) {
  return has_any(lowered_ascii(message), {"no such image", "image not known"});
}

bool says_no_such_network(std::string_view message) {
  return has_any(message, {"network "}) && has_any(message, {"not found"});
}

bool says_being_removed(std::string_view message) {
  return has_any(message, {"already in progress", "marked for removal", "marked for deletion"});
}

bool says_stale_endpoint(std::string_view message) {
  return has_any(message, {"endpoint with name "}) && has_any(message, {"already exists in network"});
}

}  // namespace slipway::docker
