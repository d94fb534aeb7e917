#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// The value of an environment variable, or nothing if it is not set.
using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;

// Replaces each ${NAME} by its value and each $$ by $; `used` gets the names. Throws Error(invalid) for a variable that
// is not set, and for braces that do not close.
std::string with_variables(std::string_view text, const EnvLookup& env, std::vector<std::string>* used = nullptr);

}  // namespace slipway
