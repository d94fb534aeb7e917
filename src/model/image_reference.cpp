#include "model/image_reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

constexpr std::string_view image_edge_characters = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view repository_characters = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
constexpr std::string_view host_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
constexpr std::string_view tag_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
constexpr std::size_t tag_limit = 128;
constexpr std::size_t name_limit = 255;

[[noreturn]] void refuse_image(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::invalid, fmt::format("'{}' is not the name of an image: {}",
                                              without_controls(cut_to_bytes(text, name_limit)), why))
      .on("app.image", std::string(why));
}

bool only_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

// The first part names a registry only where it could not be a part of a repository's path.
bool is_registry(std::string_view part) {
  return part.find_first_of(".:") != std::string_view::npos || part == "localhost" ||
         std::any_of(part.begin(), part.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void check_repository(std::string_view text, std::string_view repository) {
  const bool edges = only_of(repository, repository_characters) &&
                     image_edge_characters.find(repository.front()) != std::string_view::npos &&
                     image_edge_characters.find(repository.back()) != std::string_view::npos;
  if (!edges || repository.find("//") != std::string_view::npos) {
    refuse_image(text, "its repository must be lower-case letters, digits and . _ - / , such as team/shop");
  }
}

}  // namespace

std::string ImageReference::pull_name() const { return registry + "/" + repository; }

ImageReference parse_image_reference(std::string_view text) {
  ImageReference reference;
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != rest.npos) {
    const std::string_view digest = rest.substr(at + 1);
    const auto colon = digest.find(':');
    const bool ok = colon != digest.npos &&
                    only_of(digest.substr(0, colon), "abcdefghijklmnopqrstuvwxyz0123456789+._-") &&
                    digest.size() - colon - 1 >= 32 && only_of(digest.substr(colon + 1), "0123456789abcdef");
    if (!ok) refuse_image(text, "its digest must look like sha256: and 64 hexadecimal digits");
    reference.digest = digest;
    rest = rest.substr(0, at);
  }
  // A colon after the last slash begins a tag; one before it belongs to a registry's port.
  const auto slash = rest.rfind('/');
  const auto colon = rest.rfind(':');
  if (colon != rest.npos && (slash == rest.npos || colon > slash)) {
    const std::string_view tag = rest.substr(colon + 1);
    if (tag.size() > tag_limit || !only_of(tag, tag_characters) || tag.front() == '.' || tag.front() == '-') {
      refuse_image(text, "its tag must be 1 to 128 letters, digits and . _ -");
    }
    reference.tag = tag;
    rest = rest.substr(0, colon);
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  reference.registry = "docker.io";
  if (const auto first = rest.find('/'); first != rest.npos && is_registry(rest.substr(0, first))) {
    const std::string_view registry = rest.substr(0, first);
    if (!only_of(registry, host_characters))
      refuse_image(text, "its registry must be a host, such as registry.example.com:5000");
    reference.registry = registry == "index.docker.io" ? "docker.io" : std::string(registry);
    rest = rest.substr(first + 1);
  }
  check_repository(text, rest);
  if (rest.size() > name_limit) refuse_image(text, "it is longer than 255 characters");
  reference.repository = rest;
  // Docker Hub's own images stand in "library/".
  if (reference.registry == "docker.io" && rest.find('/') == rest.npos)
    reference.repository = "library/" + reference.repository;
  return reference;
}

}  // namespace slipway
