#pragma once
#include <map>
#include <string>
#include <string_view>

namespace automation {

// The text with & < > " ' written as HTML entities: safe between tags and inside quoted attributes.
std::string escape_html(std::string_view text);

// The fields of an application/x-www-form-urlencoded body; of a name given twice the last counts.
std::map<std::string, std::string, std::less<>> parse_form(std::string_view body);

// The text without blanks at both ends.
std::string trimmed(std::string_view text);

// How many characters (code points) a UTF-8 text has, or -1 when it is not UTF-8 or holds a NUL.
int utf8_length(std::string_view text);

// At most `limit` bytes of the text, cut between characters, control characters as blanks, bytes that are not UTF-8 as
// '?'.
std::string printable(std::string_view text, std::size_t limit);

}  // namespace automation
