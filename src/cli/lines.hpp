#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace slipway::cli {

// Cuts a stream into lines without their line breaks. A line longer than 64 KiB comes in pieces.
class LineSplitter {
 public:
  explicit LineSplitter(std::function<void(std::string_view)> line) : line_(std::move(line)) {}
  void add(std::string_view piece);
  void finish();  // hands over a last line that did not end

 private:
  std::function<void(std::string_view)> line_;
  std::string rest_;
};

// The text with each byte that is no UTF-8 replaced by U+FFFD, as JSON needs it.
std::string valid_utf8(std::string_view text);

}  // namespace slipway::cli
