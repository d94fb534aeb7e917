#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/image_puller.hpp"
#include "model/image_reference.hpp"

// What the runtime asks of images.
namespace slipway::docker {
namespace {

namespace json = boost::json;

constexpr std::size_t known_images_limit = 1000;

// By a digest, or the engine's own id: no other image can come to be meant.
bool is_exact(std::string_view image) {
  return image.starts_with("sha256:") || image.find('@') != std::string_view::npos;
}

std::string without_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

}  // namespace

// An image that came from a registry has a digest there, by which it can be had again; one that was built here has
// nothing but its id.
std::optional<std::string> DockerRuntime::pinned(const std::string& image) {
  const auto response = send("GET", "/images/" + net::url_encoded(image) + "/json", options_.deadlines.call);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw engine_error(response.status, response.body, "look at image " + image);
  if (is_exact(image)) return image;
  const json::object found = as_object(response);
  const std::string name = parse_image_reference(image).pull_name();
  const auto* digests = array_at(found, "RepoDigests");
  for (const json::value& digest : digests == nullptr ? json::array() : *digests) {
    if (!digest.is_string()) continue;
    const std::string known(digest.get_string());
    if (parse_image_reference(known).pull_name() == name) return known;
  }
  return string_at(found, "Id");
}

std::string DockerRuntime::pin(const std::string& image, const Progress& progress) {
  if (auto known = pinned(image)) return *std::move(known);
  pull_image(engine_, options_, image, progress);
  if (auto known = pinned(image)) return *std::move(known);
  throw Error(ErrorKind::unavailable, fmt::format("docker: image {} was pulled, and then removed again", image));
}

// What an image declares as a volume would be an anonymous one, which goes with its container: it becomes one of the
// customer's own, like those of slipway.yaml.
void DockerRuntime::adopt_volumes_of_image(InstanceSpec& spec) {
  const auto response = send("GET", "/images/" + net::url_encoded(spec.image) + "/json", options_.deadlines.call);
  if (response.status != 200) return;  // whoever makes the container says what is wrong
  const json::object image = as_object(response);
  const auto* config = object_at(image, "Config");
  const auto* declared = config == nullptr ? nullptr : object_at(*config, "Volumes");
  if (declared == nullptr) return;
  for (const auto& entry : *declared) {
    const std::string path = without_slash(entry.key());
    const bool has_place = std::any_of(spec.volumes.begin(), spec.volumes.end(),
                                       [&](const VolumeSpec& volume) { return without_slash(volume.path) == path; });
    if (has_place || path == "/tmp" || path.empty()) continue;
    spec.volumes.push_back({"image-" + to_hex(sha256(path)).substr(0, 8), path});
  }
}

bool DockerRuntime::must_pull(const std::string& image) {
  {
    std::lock_guard lock(images_mutex_);
    if (images_.contains(image)) return false;
  }
  if (send("GET", "/images/" + net::url_encoded(image) + "/json", options_.deadlines.call).status == 404) return true;
  std::lock_guard lock(images_mutex_);
  if (images_.size() >= known_images_limit) images_.clear();
  images_.insert(image);
  return false;
}

}  // namespace slipway::docker
