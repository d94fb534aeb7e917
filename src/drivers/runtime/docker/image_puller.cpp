#include "drivers/runtime/docker/image_puller.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "base/mask.hpp"
#include "drivers/runtime/docker/credential_helper.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/pull_progress.hpp"
#include "drivers/runtime/docker/registry_auth.hpp"
#include "model/image_reference.hpp"
#include "os/file.hpp"

namespace slipway::docker {
namespace {

constexpr Millis words_interval{500};

// A login, or why the one that the file names could not be had. An image that needs none is pulled all the same, as
// Docker does it; only where the registry refuses is the reason told.
struct FoundLogin {
  std::optional<RegistryLogin> login;
  std::string trouble;
};

FoundLogin look_for_login(const DockerOptions& options, const std::string& registry) {
  if (options.docker_config_path.empty()) return {};
  errno = 0;
  std::ifstream file(options.docker_config_path);
  if (!file) {
    if (errno == ENOENT) return {};
    return {{}, fmt::format("{} could not be read: {}", options.docker_config_path, std::strerror(errno))};
  }
  const std::string text = os::rest_of(file);
  if (file.bad())
    return {{}, fmt::format("{} could not be read: {}", options.docker_config_path, std::strerror(errno))};
  try {
    return {find_login(text, registry,
                       [&](const std::string& name, const std::string& server) {
                         return ask_credential_helper(name, server, options.deadlines.credential_helper);
                       }),
            {}};
  } catch (const Error& error) {
    return {{}, error.message()};
  }
}

// A registry's words may hold what it was sent.
std::string without_login(std::string_view words, const RegistryLogin& login) {
  Mask mask;
  mask.add(login.password);
  mask.add(login.identity_token);
  mask.add(registry_auth_header(login));
  return mask(words);
}

class Reporter {
 public:
  explicit Reporter(const Progress& progress) : progress_(progress) {}
  void say(const std::string& words) {
    const auto now = std::chrono::steady_clock::now();
    if (!progress_ || words == last_ || (!last_.empty() && now - at_ < words_interval)) return;
    last_ = words;
    at_ = now;
    progress_(words);
  }

 private:
  const Progress& progress_;
  std::string last_;
  std::chrono::steady_clock::time_point at_;
};

}  // namespace

void pull_image(EngineClient& engine, const DockerOptions& options, const std::string& image,
                const Progress& progress) {
  const ImageReference reference = parse_image_reference(image);
  const FoundLogin found = look_for_login(options, reference.registry);
  Call call;
  call.method = "POST";
  call.path = fmt::format("/images/create?fromImage={}&tag={}", net::url_encoded(reference.pull_name()),
                          net::url_encoded(reference.pull_tag()));
  call.timeout = options.deadlines.pull_silence;
  if (found.login) call.headers.emplace_back("X-Registry-Auth", registry_auth_header(*found.login).reveal());

  PullProgress pull(image);
  Reporter reporter(progress);
  reporter.say(pull.words());
  const net::Response response = engine.stream(call,
                                               [&](std::string_view chunk) {
                                                 pull.feed(chunk);
                                                 reporter.say(pull.words());
                                                 return true;
                                               },
                                               {});
  std::string refusal;
  if (response.status != 200) {
    refusal = message_of(response.body);
  } else {
    pull.finish();
    refusal = pull.error();
  }
  if (refusal.empty()) return;
  if (found.login) refusal = without_login(refusal, *found.login);
  Error error = pull_error(refusal, image);
  if (found.trouble.empty() || error.kind() != ErrorKind::forbidden) throw error;
  throw Error(error.kind(), fmt::format("{} (no login was sent: {})", error.message(), found.trouble));
}

}  // namespace slipway::docker
