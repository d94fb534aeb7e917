#pragma once
#include <string>
#include <string_view>

namespace slipway {

// An image's name, taken apart as Docker does it (distribution/reference).
struct ImageReference {
  std::string registry;    // "docker.io", "registry.example.com:5000"
  std::string repository;  // "library/alpine", "team/shop"
  std::string tag;         // "latest" where neither a tag nor a digest is given
  std::string digest;      // "sha256:…", or empty

  // What POST /images/create takes.
  std::string pull_name() const;  // "docker.io/library/alpine"
  std::string pull_tag() const { return digest.empty() ? tag : digest; }
};

// Throws Error(invalid) that says what is wrong with it.
ImageReference parse_image_reference(std::string_view text);

}  // namespace slipway
