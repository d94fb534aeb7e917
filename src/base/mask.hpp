#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "base/spelling.hpp"

namespace slipway {

// Secrets, and how text that comes from elsewhere is freed of them. They are found plain, escaped (URLs, JSON, HTML,
// shells), as base64 (also of a longer text around them) and hex, line by line where they have several, and where the
// text was cut in the middle of them. A URL's password is looked for by itself too.
//
// Not masked, since text would become unreadable: values under 4 bytes, numbers under 6 digits, and words of
// configurations such as "true" or "production". Values under 8 bytes are masked where they stand as words.
class Mask {
 public:
  void add(const Secret& secret);
  // The text with `***` in place of each secret.
  std::string operator()(std::string_view text) const;

 private:
  struct Needle {
    Secret bytes;
    Spelling spelling = Spelling::plain;
    bool word = false;  // only between characters that are no letters or digits
  };
  void add_value(const std::string& value);
  void add_plain(const std::string& value);
  std::size_t end_of_secret(std::string_view text, std::size_t at) const;
  std::size_t end_of_rest(std::string_view text, std::size_t at) const;

  std::vector<Needle> needles_;
};

// Whether a variable's name says that its value is a secret ("STRIPE_KEY").
bool names_a_secret(std::string_view name);

}  // namespace slipway
