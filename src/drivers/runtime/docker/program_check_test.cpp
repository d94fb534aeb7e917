#include "drivers/runtime/docker/program_check.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"

namespace slipway::docker {
namespace {

using Paths = std::vector<std::string>;

Paths paths(const std::string& text) { return program_paths(boost::json::parse(text).as_object()); }

TEST(ProgramCheck, looks_where_the_container_would) {
  EXPECT_EQ(paths(R"({"Path": "/app", "Config": {}})"), Paths{"/app"});
  EXPECT_EQ(paths(R"({"Path": "bin/app", "Config": {"WorkingDir": "/srv"}})"), Paths{"/srv/bin/app"});
  EXPECT_EQ(paths(R"({"Path": "app", "Config": {"Env": ["A=1", "PATH=/a:rel:/b"]}})"), (Paths{"/a/app", "/b/app"}));
  EXPECT_EQ(paths(R"({"Path": "app", "Config": {"Env": null}})").size(), 6u);
  EXPECT_TRUE(paths(R"({"Config": {}})").empty());
}

std::string stat_of(std::uint64_t mode) { return to_base64(R"({"name":"x","mode":)" + std::to_string(mode) + "}"); }

TEST(ProgramCheck, only_what_surely_cannot_be_executed_is_refused) {
  EXPECT_TRUE(is_executable(stat_of(0755)));
  EXPECT_TRUE(is_executable(stat_of(0100)));
  EXPECT_FALSE(is_executable(stat_of(0644)));
  EXPECT_FALSE(is_executable(stat_of(2147484141))) << "a directory, as Docker tells it";
  EXPECT_TRUE(is_executable(stat_of((1ull << 27) | 0777))) << "a link";
  EXPECT_TRUE(is_executable("")) << "cannot be told";
  EXPECT_TRUE(is_executable("bm90IGpzb24="));
}

}  // namespace
}  // namespace slipway::docker
