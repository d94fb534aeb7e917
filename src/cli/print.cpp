#include "cli/print.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/json.hpp"
#include "cli/text.hpp"

namespace slipway::cli {

namespace json = boost::json;

// JSON escapes C0 by itself; what is left (C1, direction controls) does its harm only on a terminal.
void print_json(Context& context, const json::value& value) {
  const std::string text = json::serialize(value);
  context.out << (context.out_is_terminal ? safe_json(text) : text) << "\n" << std::flush;
}

std::string short_time(const std::string& rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return rfc3339;
  std::string text = to_rfc3339(*time);  // "2026-11-23T15:42:00.123Z"
  text[10] = ' ';
  return text.substr(0, 19) + "Z";
}

std::string timeline_line(const json::object& event, bool colours) {
  const std::string kind = string_at(event, "kind");
  const std::string step = string_at(event, "step");
  std::string words = safe(string_at(event, "message"));
  std::string mark = painted("·", Colour::dim, colours);
  if (kind == "step") mark = painted("✓", Colour::green, colours);
  if (kind == "progress") mark = painted("…", Colour::dim, colours);
  if (kind == "error") {
    mark = painted("✗", Colour::red, colours);
    if (!step.empty()) words = fmt::format("{}: {}", safe(step), words);
  }
  if (event.if_contains("durationMs") == nullptr || event.at("durationMs").is_null()) return mark + " " + words;
  const std::string took = human(Millis(int_at(event, "durationMs")));
  return fmt::format("{} {}  {}", mark, padded(words, 40), painted(took, Colour::dim, colours));
}

void print_status(Context& context, const json::object& tenant) {
  const std::string status = string_at(tenant, "status");
  const std::string reason = string_at(tenant, "reason");
  context.out << safe(string_at(tenant, "subdomain")) << ": "
              << painted(safe(status), colour_of_status(status), context.colours)
              << (reason.empty() ? "" : ": " + safe(reason)) << "\n";
}

}  // namespace slipway::cli
