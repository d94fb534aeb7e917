#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace slipway {

// The values a template may name: "db.user" -> "sw_...".
using TemplateValues = std::map<std::string, std::string, std::less<>>;

// Replaces each `{{ name }}` by its value, passed through `escape` (none by default). There is no logic in templates.
// Throws Error(invalid) for an unknown name, with a suggestion, and for braces that do not close.
std::string expand_template(std::string_view text, const TemplateValues& values,
                            const std::function<std::string(std::string_view)>& escape = {});

}  // namespace slipway
