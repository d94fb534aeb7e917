#pragma once
#include <string>
#include <string_view>

namespace slipway::deploy {

struct Blob {
  std::string digest;  // "sha256:…"
  std::string content;
};

// A container image as a registry keeps it (OCI image format 1.0).
struct Image {
  Blob layer;
  Blob config;
  Blob manifest;
};

inline constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";

// An image that holds this one static program and runs it, as nobody. The same program always gives the same digests.
Image image_of_program(const std::string& name, std::string program);

}  // namespace slipway::deploy
