#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "contracts/mailer.hpp"

namespace slipway::mail {

// "Shop <hello@shop.example>" taken apart; the name may be empty.
struct Address {
  std::string name;
  std::string mailbox;
};

// Throws Error(invalid) where the text is not one ASCII address with or without a name.
Address parse_address(std::string_view text);

// Throws Error(invalid) for anything that must not go out: a malformed key or address, a control character (so also a
// line break) in any header, text that is not UTF-8, bodies of more than 1 MiB.
void require_sendable(const Message& message, const std::string& key);

// Stable: it follows from the key and the domain of `from`, so that a mail reader can recognise a repeat.
std::string message_id(const Message& message, const std::string& key);

// The whole mail (RFC 5322 and MIME) with CRLF line ends; the same arguments give the same bytes. Checks first, as
// require_sendable does.
std::string compose(const Message& message, const std::string& key, TimePoint date);

}  // namespace slipway::mail
