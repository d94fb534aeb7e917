#include "base/template.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {

std::string expand_template(std::string_view text, const TemplateValues& values,
                            const std::function<std::string(std::string_view)>& escape) {
  std::string out;
  while (true) {
    const auto open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) {
      throw Error(ErrorKind::invalid, fmt::format("template: '{{{{' is never closed by '}}}}' in '{}'",
                                                  without_controls(cut_to_bytes(text.substr(open), 40))));
    }
    const std::string name = trimmed(text.substr(open + 2, close - open - 2));
    const auto found = values.find(name);
    if (found == values.end()) {
      std::vector<std::string> known;
      for (const auto& [key, value] : values) known.push_back(key);
      const std::string near = nearest(name, known);
      const std::string shown = without_controls(cut_to_bytes(name, 100));
      throw Error(ErrorKind::invalid,
                  near.empty()
                      ? fmt::format("template: unknown name '{}'; known are: {}", shown, fmt::join(known, ", "))
                      : fmt::format("template: unknown name '{}'; did you mean '{}'?", shown, near));
    }
    out += escape ? escape(found->second) : found->second;
    text.remove_prefix(close + 2);
  }
}

}  // namespace slipway
