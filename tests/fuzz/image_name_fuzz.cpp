#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "drivers/runtime/docker/registry_auth.hpp"
#include "model/image_reference.hpp"
#include "tests/fuzz/fuzz.hpp"

// An image's name (first line) and Docker's config.json (the rest), with which registries are logged in to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  using namespace slipway::docker;
  fuzz::Input input(data, size);
  const std::string name = input.line();
  ImageReference image;
  if (fuzz::accepts([&] { image = parse_image_reference(name); })) {
    std::string full = image.pull_name();
    if (!image.tag.empty()) full += ":" + image.tag;
    if (!image.digest.empty()) full += "@" + image.digest;
    fuzz::require(full.find_first_of(" \r\n?&#%") == full.npos, "a name cannot leave its place in a URL", full);
    const ImageReference again = parse_image_reference(full);
    fuzz::require(again.pull_name() == image.pull_name() && again.pull_tag() == image.pull_tag(),
                  "the whole name means the same image", full);
  }
  const std::string registry = image.registry.empty() ? "docker.io" : image.registry;
  fuzz::accepts([&] {
    const auto login =
        find_login(input.rest(), registry, [](const std::string&, const std::string&) { return std::nullopt; });
    if (!login) return;
    const std::string header = registry_auth_header(*login).reveal();
    fuzz::require(header.find_first_of("\r\n +/") == header.npos, "a header's value is URL-safe base64");
    fuzz::require(from_base64(header).has_value(), "and can be read");
  });
  const std::string bytes(input.rest());
  fuzz::require(from_base64(to_base64(bytes)) == bytes, "base64 there and back");
  return 0;
}
