#pragma once
#include <string>
#include <string_view>

// What docs/reference/configuration.md says, for who does not have it at hand: built into the program.
namespace slipway {

// A key's meaning, without markup: "On which the app listens inside its container." Throws std::logic_error for a key
// that the reference lacks; a test holds it against config_keys().
std::string plain_meaning_of_key(std::string_view path);

// Whether the reference says so in the place of its default. False for what is no key.
bool is_required_key(std::string_view path);

// The man page slipway.yaml(5), in the macros of man(7).
std::string config_page(std::string_view version);

}  // namespace slipway
