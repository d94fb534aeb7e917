#include "drivers/runtime/docker/log_frames.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway::docker {
namespace {

std::string frame(char stream, const std::string& text) {
  const std::size_t n = text.size();
  return std::string{stream,
                     0,
                     0,
                     0,
                     static_cast<char>(n >> 24),
                     static_cast<char>(n >> 16),
                     static_cast<char>(n >> 8),
                     static_cast<char>(n)} +
         text;
}

TEST(LogFrames, hands_on_the_payload_wherever_the_stream_is_cut) {
  const std::string stream =
      frame(1, "first\n") + frame(2, "an error\n") + frame(1, "") + frame(1, std::string(300, 'x'));
  const std::string wanted = "first\nan error\n" + std::string(300, 'x');
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    LogFrames frames;
    std::string got;
    const auto sink = [&](std::string_view piece) {
      got += piece;
      return true;
    };
    EXPECT_TRUE(frames.feed(std::string_view(stream).substr(0, cut), sink));
    EXPECT_TRUE(frames.feed(std::string_view(stream).substr(cut), sink));
    ASSERT_EQ(got, wanted) << "cut at " << cut;
  }
  LogFrames frames;
  std::string got;
  for (const char c : stream) {
    frames.feed(std::string_view(&c, 1), [&](std::string_view piece) {
      got += piece;
      return true;
    });
  }
  EXPECT_EQ(got, wanted);
}

TEST(LogFrames, stops_when_the_sink_has_enough) {
  LogFrames frames;
  int pieces = 0;
  EXPECT_FALSE(frames.feed(frame(1, "a") + frame(1, "b"), [&](std::string_view) { return ++pieces, false; }));
  EXPECT_EQ(pieces, 1);
}

TEST(LogFrames, refuses_a_stream_without_frames) {
  LogFrames frames;
  EXPECT_THROW(frames.feed("plain text\n", [](std::string_view) { return true; }), Error);
}

}  // namespace
}  // namespace slipway::docker
