#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace slipway::config {

void Problems::add(Position at, std::string key, std::string why) {
  // A YAML parser repeats whatever bytes it stumbles over.
  problems_.push_back({at, std::move(key), without_controls(why)});
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  auto sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) { return a.at < b.at; });
  std::string message;
  for (Problem& p : sorted) {
    p.why = fmt::format("{}:{}:{}: {}{}{}", file_, p.at.line, p.at.column, p.key, p.key.empty() ? "" : ": ", p.why);
    message += (message.empty() ? "" : "\n") + p.why;
  }
  Error error(ErrorKind::invalid, message);
  for (Problem& p : sorted) std::move(error).on(std::move(p.key), std::move(p.why));
  throw error;
}

}  // namespace slipway::config
