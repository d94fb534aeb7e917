#pragma once
#include <string>

namespace slipway {

// A mail, rendered: all text is UTF-8; headers hold no line breaks (checked by the renderer and again by the drivers).
struct Message {
  std::string from;      // "Shop <hello@shop.example>" or a bare address
  std::string reply_to;  // may be empty
  std::string to;        // a bare address
  std::string subject;
  std::string text;
  std::string html;
};

// Sends mail. Errors: invalid/forbidden/unauthorized (will never go: terminal), conflict (a mail with this key, but
// another text, has been sent), limited (try later; see retry_after), unavailable.
class Mailer {
 public:
  virtual ~Mailer() = default;

  // Sends once for each key, as far as the provider can tell repeats (see each driver's README). `key` is 1..256
  // characters of [A-Za-z0-9_./-]. Returns the provider's id of the mail.
  virtual std::string send(const Message& message, const std::string& key) = 0;

  // Throws an Error that says what is wrong and what to do; returns e.g. "outbox ./mail".
  virtual std::string check() = 0;
};

}  // namespace slipway
