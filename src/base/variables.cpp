#include "base/variables.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway {

std::string with_variables(std::string_view text, const EnvLookup& env, std::vector<std::string>* used) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("$$")) {
      out += '$';
      ++i;
    } else if (rest.starts_with("${")) {
      const auto close = rest.find('}');
      if (close == std::string_view::npos)
        throw Error(ErrorKind::invalid, "'${' is never closed by '}'; write $$ for a $");
      const std::string name(rest.substr(2, close - 2));
      const bool named = !name.empty() && name.find_first_not_of(
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789_") == std::string::npos;
      if (!named) throw Error(ErrorKind::invalid, "'${' must hold the name of a variable; write $$ for a $");
      const auto value = env(name);
      if (!value)
        throw Error(ErrorKind::invalid, fmt::format("needs the environment variable {}, which is not set", name));
      out += *value;
      if (used != nullptr) used->push_back(name);
      i += close;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace slipway
