#include "drivers/runtime/docker/json_lines.hpp"
#include "drivers/runtime/docker/log_frames.hpp"
#include "drivers/runtime/docker/pull_progress.hpp"
#include "tests/fuzz/fuzz.hpp"

// The engine's streams (a container's output, a pull's progress, events), cut anywhere.
namespace {

using namespace slipway;
using Pieces = std::vector<std::string_view>;

struct Read {
  bool taken = false;
  std::string content;
  auto operator<=>(const Read&) const = default;
};

Read frames(const Pieces& pieces) {
  Read read;
  docker::LogFrames frames;
  read.taken = fuzz::accepts([&] {
    for (const auto piece : pieces)
      frames.feed(piece, [&](std::string_view part) { return read.content += part, true; });
  });
  return read;
}

Read lines(const Pieces& pieces) {
  Read read;
  docker::JsonLines lines;
  const auto sink = [&](const boost::json::object& line) { read.content += boost::json::serialize(line) + "\n"; };
  read.taken = fuzz::accepts([&] {
    for (const auto piece : pieces) lines.feed(piece, sink);
    lines.finish(sink);
  });
  return read;
}

Read pull(const Pieces& pieces) {
  Read read;
  docker::PullProgress progress("shop:1");
  read.taken = fuzz::accepts([&] {
    for (const auto piece : pieces) progress.feed(piece);
    progress.finish();
  });
  read.content = progress.words();
  fuzz::require(!has_control_characters(read.content) && read.content.size() < 200, "progress is one short line",
                read.content);
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const Pieces whole{input.rest()};
  const Pieces cut = fuzz::pieces_of(input.rest(), seed);
  fuzz::require(frames(whole) == frames(cut), "pieces change nothing in a container's output");
  fuzz::require(lines(whole) == lines(cut), "pieces change nothing in lines");
  fuzz::require(pull(whole) == pull(cut), "pieces change nothing in a pull");
  fuzz::require(frames(whole).content.size() <= input.rest().size(), "output is not made up");
  return 0;
}
