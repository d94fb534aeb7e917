#include "drivers/runtime/docker/pull_progress.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway::docker {
namespace {

const std::string real_pull =
    R"({"status":"Pulling from shop","id":"1.4"}
{"status":"Pulling fs layer","progressDetail":{},"id":"0d18423416b4"}
{"status":"Pulling fs layer","progressDetail":{},"id":"aa18423416b4"}
{"status":"Already exists","progressDetail":{},"id":"bb18423416b4"}
{"status":"Downloading","progressDetail":{"current":36445,"total":21064347},"progress":"[=\u003e  ]  36.45kB/21.06MB","id":"0d18423416b4"}
{"status":"Downloading","progressDetail":{"current":5000000,"total":10000000},"id":"aa18423416b4"}
)";

TEST(PullProgress, counts_layers_and_bytes) {
  PullProgress pull("shop:1.4");
  EXPECT_EQ(pull.words(), "pulling shop:1.4");
  pull.feed(real_pull);
  EXPECT_EQ(pull.words(), "pulling shop:1.4: 1 of 3 layers, 5 of 32 MB");
  pull.feed(R"({"status":"Download complete","progressDetail":{},"id":"0d18423416b4"}
{"status":"Extracting","progressDetail":{"current":32768,"total":21064347},"id":"0d18423416b4"}
{"status":"Pull complete","progressDetail":{},"id":"0d18423416b4"}
{"status":"Digest: sha256:0b78"}
)");
  EXPECT_EQ(pull.words(), "pulling shop:1.4: 2 of 3 layers, 26 of 32 MB");
  EXPECT_EQ(pull.error(), "");
}

TEST(PullProgress, lines_may_come_in_any_pieces) {
  for (std::size_t cut = 0; cut <= real_pull.size(); ++cut) {
    PullProgress pull("shop:1.4");
    pull.feed(std::string_view(real_pull).substr(0, cut));
    pull.feed(std::string_view(real_pull).substr(cut));
    pull.finish();
    ASSERT_EQ(pull.words(), "pulling shop:1.4: 1 of 3 layers, 5 of 32 MB") << "cut at " << cut;
  }
}

TEST(PullProgress, an_error_line_is_the_pulls_failure) {
  PullProgress pull("shop:1.4");
  pull.feed(
      R"({"status":"Pulling from shop","id":"1.4"})"
      "\n"
      R"({"errorDetail":{"message":"unauthorized: authentication required"},"error":"unauthorized: authentication required"})");
  EXPECT_EQ(pull.error(), "") << "the line is not over";
  pull.finish();
  EXPECT_EQ(pull.error(), "unauthorized: authentication required");
  PullProgress detail("shop:1.4");
  detail.feed("{\"errorDetail\":{\"message\":\"EOF\"}}\r\n");
  EXPECT_EQ(detail.error(), "EOF");
}

TEST(PullProgress, nonsense_is_refused) {
  EXPECT_THROW(PullProgress("x").feed("<html>\n"), Error);
  EXPECT_THROW(PullProgress("x").feed("[]\n"), Error);
  PullProgress pull("x");
  EXPECT_THROW(pull.feed(std::string((1 << 20) + 1, 'x')), Error);
}

}  // namespace
}  // namespace slipway::docker
