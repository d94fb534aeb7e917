#include "deploy/aws/app_image.hpp"

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/json_lines.hpp"
#include "drivers/runtime/docker/registry_auth.hpp"
#include "model/image_reference.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

constexpr Millis longest_silence{300'000};

// ECR's token is base64 of "AWS:password".
docker::RegistryLogin login_of(const std::string& registry, const Secret& basic) {
  const std::string text = from_base64(basic.reveal()).value_or("");
  const auto colon = text.find(':');
  if (colon == std::string::npos) throw Error(ErrorKind::internal, "ecr: the token is no user and password");
  return {registry, text.substr(0, colon), Secret(text.substr(colon + 1)), Secret()};
}

void tag(docker::EngineClient& engine, const std::string& image, const std::string& repository,
         const std::string& name) {
  docker::Call call;
  call.method = "POST";
  call.path = fmt::format("/images/{}/tag?repo={}&tag={}", net::url_encoded(image), net::url_encoded(repository),
                          net::url_encoded(name));
  const net::Response answer = engine.call(call);
  if (answer.status == 201) return;
  if (answer.status == 404) {
    throw Error(ErrorKind::not_found,
                fmt::format("Docker at {} has no image {}: build or pull it there first", engine.url(), image));
  }
  throw docker::engine_error(answer.status, answer.body, "tag " + image);
}

}  // namespace

bool names_a_registry(const std::string& reference) { return parse_image_reference(reference).registry != "docker.io"; }

std::string push_from_docker(docker::EngineClient& engine, const std::string& image, const std::string& repository,
                             const Secret& basic, const std::function<void(const std::string&)>& progress) {
  const ImageReference named = parse_image_reference(image);
  const std::string name = named.tag.empty() ? "latest" : named.tag;
  tag(engine, image, repository, name);
  docker::Call call;
  call.method = "POST";
  call.path = fmt::format("/images/{}/push?tag={}", repository, net::url_encoded(name));
  call.timeout = longest_silence;
  const std::string registry = repository.substr(0, repository.find('/'));
  const Secret header = basic.empty() ? Secret("e30=") : docker::registry_auth_header(login_of(registry, basic));
  call.headers.emplace_back("X-Registry-Auth", header.reveal());
  std::string digest;
  std::string failure;
  docker::JsonLines lines;
  const auto line = [&](const json::object& object) {
    if (const std::string error = string_at(object, "error"); !error.empty()) failure = error;
    if (const json::object* aux = object_at(object, "aux")) digest = string_at(*aux, "Digest", digest);
    const std::string status = string_at(object, "status");
    if (status == "Pushed" || status == "Layer already exists") {
      progress(fmt::format("layer {}: {}", string_at(object, "id"), status == "Pushed" ? "sent" : "was there"));
    }
  };
  const net::Response answer = engine.stream(call,
                                             [&](std::string_view chunk) {
                                               lines.feed(chunk, line);
                                               return true;
                                             },
                                             {});
  if (answer.status != 200) throw docker::engine_error(answer.status, answer.body, "push " + repository);
  lines.finish(line);
  if (!failure.empty()) throw Error(ErrorKind::internal, fmt::format("push {}:{}: {}", repository, name, failure));
  if (digest.empty()) throw Error(ErrorKind::internal, fmt::format("push {}: Docker told no digest", repository));
  return repository + "@" + digest;
}

}  // namespace slipway::deploy
