#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

// The number of code points, or npos where the text is not valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(std::string_view text);

// True where the text holds a C0 or C1 control character, DEL, or one of Unicode's line and direction controls, with
// which a name could break a header, a log line or what a reader sees.
bool has_control_characters(std::string_view utf8);

// True where the text holds a character that shows nothing and changes what stands beside it or how it is compared:
// zero-width ones, direction marks, joiners, the byte order mark.
bool has_invisible_characters(std::string_view utf8);

// True where nothing of the text can be seen: spaces of any kind and letters that are blank.
bool is_blank(std::string_view utf8);

// The text as one line of valid UTF-8, whoever wrote it: each run of such characters becomes a space, and each byte
// that is no UTF-8 U+FFFD.
std::string without_controls(std::string_view text);

// At most so many bytes of it, cut between code points.
std::string_view cut_to_bytes(std::string_view utf8, std::size_t limit);

std::string trimmed(std::string_view text);
std::string lowered_ascii(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string html_escaped(std::string_view text);
// Undoes percent-encoding (RFC 3986); nothing where an escape is broken.
std::optional<std::string> percent_decoded(std::string_view text);

// The candidate nearest to `word` by edit distance, or empty where none is near: for "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace slipway
