#include "contracts/access.hpp"

#include "base/words.hpp"

namespace slipway {
namespace {

constexpr Word<Scope> scopes[] = {{Scope::admin, "admin"}, {Scope::signup, "signup"}, {Scope::metrics, "metrics"}};

}  // namespace

std::string_view to_string(Scope scope) { return word_of(scopes, scope); }
std::optional<Scope> parse_scope(std::string_view name) { return value_of(scopes, name); }

}  // namespace slipway
