#include "contracts/access.hpp"

namespace slipway {

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::admin:
      return "admin";
    case Scope::signup:
      return "signup";
    case Scope::metrics:
      return "metrics";
  }
  return "";
}

std::optional<Scope> parse_scope(std::string_view name) {
  for (const Scope scope : {Scope::admin, Scope::signup, Scope::metrics}) {
    if (name == to_string(scope)) return scope;
  }
  return std::nullopt;
}

}  // namespace slipway
