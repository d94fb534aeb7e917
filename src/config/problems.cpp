#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/section.hpp"

namespace slipway::config {

void Problems::add(Position at, std::string key, std::string why) {
  why = without_controls(why);  // a YAML parser repeats whatever bytes it stumbles over
  // A section that is opened twice finds the same things twice.
  const auto same = [&](const Problem& p) { return p.at == at && p.key == key && p.why == why; };
  if (std::any_of(problems_.begin(), problems_.end(), same)) return;
  problems_.push_back({at, std::move(key), std::move(why)});
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  auto sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) { return a.at < b.at; });
  std::string message;
  std::vector<FieldError> fields;
  for (const Problem& p : sorted) {
    const std::string line =
        fmt::format("{}:{}:{}: {}{}{}", file_, p.at.line, p.at.column, p.key, p.key.empty() ? "" : ": ", p.why);
    message += (message.empty() ? "" : "\n") + line;
    fields.push_back({p.key, line});
  }
  Error error(ErrorKind::invalid, message);
  for (FieldError& field : fields) std::move(error).on(std::move(field.field), std::move(field.message));
  throw error;
}

}  // namespace slipway::config
