#include "model/image_reference.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway {
namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

struct ReferenceCase {
  std::string text, registry, repository, tag, digest;
};

TEST(ImageReference, is_taken_apart_as_docker_does_it) {
  const ReferenceCase cases[] = {
      {"alpine", "docker.io", "library/alpine", "latest", ""},
      {"alpine:3.19", "docker.io", "library/alpine", "3.19", ""},
      {"team/shop", "docker.io", "team/shop", "latest", ""},
      {"docker.io/alpine", "docker.io", "library/alpine", "latest", ""},
      {"index.docker.io/team/shop:1", "docker.io", "team/shop", "1", ""},
      {"registry.example.com/shop", "registry.example.com", "shop", "latest", ""},
      {"registry.example.com:5000/team/shop:1.4", "registry.example.com:5000", "team/shop", "1.4", ""},
      {"localhost/shop:1", "localhost", "shop", "1", ""},
      {"localhost:5000/shop", "localhost:5000", "shop", "latest", ""},
      {"[::1]:5000/shop:1", "[::1]:5000", "shop", "1", ""},
      {"ghcr.io/a/b/c:x_Y-1.0", "ghcr.io", "a/b/c", "x_Y-1.0", ""},
      {"shop@" + digest, "docker.io", "library/shop", "", digest},
      {"registry.example.com:5000/shop:1.4@" + digest, "registry.example.com:5000", "shop", "1.4", digest},
  };
  for (const ReferenceCase& wanted : cases) {
    const ImageReference reference = parse_image_reference(wanted.text);
    EXPECT_EQ(reference.registry, wanted.registry) << wanted.text;
    EXPECT_EQ(reference.repository, wanted.repository) << wanted.text;
    EXPECT_EQ(reference.tag, wanted.tag) << wanted.text;
    EXPECT_EQ(reference.digest, wanted.digest) << wanted.text;
  }
}

TEST(ImageReference, a_digest_is_pulled_rather_than_the_tag_beside_it) {
  const ImageReference reference = parse_image_reference("shop:1.4@" + digest);
  EXPECT_EQ(reference.pull_name(), "docker.io/library/shop");
  EXPECT_EQ(reference.pull_tag(), digest);
  EXPECT_EQ(parse_image_reference("shop:1.4").pull_tag(), "1.4");
}

TEST(ImageReference, refuses_what_is_none) {
  for (const std::string& text :
       std::vector<std::string>{"", ":1", "Shop", "a//b", "/a", "a/", "shop:", "shop:.x", "shop: 1", "shop@sha256:12",
                                "shop@" + std::string(64, 'a'), "exa mple.com/shop", "http://example.com/shop",
                                "shop&tag=2", "shop?x", "example.com/"}) {
    try {
      parse_image_reference(text);
      ADD_FAILURE() << "took '" << text << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << text;
    }
  }
  EXPECT_THROW(parse_image_reference("shop:" + std::string(129, 'x')), Error);
}

}  // namespace
}  // namespace slipway
