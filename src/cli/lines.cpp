#include "cli/lines.hpp"

#include "base/text.hpp"

namespace slipway::cli {
namespace {
constexpr std::size_t line_limit_bytes = 64u << 10;
}

void LineSplitter::add(std::string_view piece) {
  rest_ += piece;
  std::size_t from = 0;
  while (true) {
    const auto end = rest_.find('\n', from);
    std::size_t length = end == std::string::npos ? rest_.size() - from : end - from;
    if (end == std::string::npos && length < line_limit_bytes) break;
    std::string_view line = std::string_view(rest_).substr(from, length);
    from = end == std::string::npos ? rest_.size() : end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line_(line);
  }
  rest_.erase(0, from);
}

void LineSplitter::finish() {
  if (!rest_.empty()) line_(rest_);
  rest_.clear();
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= text.size() && utf8_length(text.substr(0, length)) != 1) ++length;
    const bool valid = length <= 4 && length <= text.size();
    out += valid ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(valid ? length : 1);
  }
  return out;
}

}  // namespace slipway::cli
