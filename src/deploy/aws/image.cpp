#include "deploy/aws/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/crypto.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

constexpr std::size_t block = 512;
constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";

Blob blob(std::string content) {
  std::string digest = "sha256:" + to_hex(sha256(content));
  return {std::move(digest), std::move(content)};
}

// One file in POSIX's ustar format, owned by root, without a time.
std::string tar_of(const std::string& name, const std::string& content) {
  std::string head(block, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), head.begin() + at);
  };
  put(0, name);
  put(100, "0000755");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");  // the sum is taken with blanks in its own place
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  head[154] = '\0';
  std::string out = head + content;
  out.append((block - content.size() % block) % block + 2 * block, '\0');
  return out;
}

json::object described(std::string_view type, const Blob& what) {
  return {{"mediaType", type}, {"digest", what.digest}, {"size", what.content.size()}};
}

}  // namespace

Image image_of_program(const std::string& name, std::string program) {
  Image image;
  image.layer = blob(tar_of(name, program));
  const json::object config{
      {"architecture", "amd64"},
      {"os", "linux"},
      {"config", json::object{{"Entrypoint", json::array{"/" + name}}, {"User", "65534:65534"}}},
      {"rootfs", json::object{{"type", "layers"}, {"diff_ids", json::array{image.layer.digest}}}}};
  image.config = blob(json::serialize(config));
  const json::object manifest{{"schemaVersion", 2},
                              {"mediaType", manifest_type},
                              {"config", described(config_type, image.config)},
                              {"layers", json::array{described(layer_type, image.layer)}}};
  image.manifest = blob(json::serialize(manifest));
  return image;
}

}  // namespace slipway::deploy
