#pragma once
#include <string>
#include <string_view>

// What there is to read about slipway.yaml, made from the table of keys and docs/reference/configuration.md, which is
// built into the program.
namespace slipway {

// That page, with the tables of its sections ("## mail: …") as the table of keys has them. A test compares it with the
// file.
std::string config_reference();

// The man page slipway.yaml(5), in the macros of man(7).
std::string config_page(std::string_view version);

// Markdown without its marks: "see [templates](#templates)" is "see templates".
std::string plain_text(std::string_view markdown);

}  // namespace slipway
