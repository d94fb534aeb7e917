#include "drivers/runtime/docker/json_lines.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::docker {
namespace {

constexpr std::size_t line_limit_bytes = 1u << 20;

void read_line(std::string_view text, const JsonLines::Sink& sink) {
  if (text.find_first_not_of(" \r\t") == std::string_view::npos) return;
  const auto value = parse_json(text, "docker");
  if (!value.is_object()) throw Error(ErrorKind::internal, "docker: a line of the answer is not a JSON object");
  sink(value.get_object());
}

}  // namespace

void JsonLines::feed(std::string_view chunk, const Sink& sink) {
  buffer_.append(chunk);
  std::size_t from = 0;
  for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n', from)) {
    read_line(std::string_view(buffer_).substr(from, end - from), sink);
    from = end + 1;
  }
  buffer_.erase(0, from);
  if (buffer_.size() > line_limit_bytes) throw Error(ErrorKind::internal, "docker: a line of the answer is over 1 MiB");
}

void JsonLines::finish(const Sink& sink) {
  const std::string rest = std::exchange(buffer_, {});
  read_line(rest, sink);
}

}  // namespace slipway::docker
