#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/template.hpp"

namespace slipway {

// The three texts of one kind of mail, with `{{ name }}` where a value goes.
struct MailTemplate {
  std::string subject;
  std::string text;
  std::string html;
};

struct RenderedMail {
  std::string subject;  // one line, at most 200 code points
  std::string text;
  std::string html;
};

// What Slipway ships: "en", "vi"; "welcome", "operator_failure", "operator_waiting".
const std::vector<std::string>& mail_languages();
const std::vector<std::string>& mail_purposes();

// The names that every mail template may use: "company_name", "url", …
const std::vector<std::string>& mail_value_names();

// Throws Error(invalid), with a suggestion, for a language or purpose that is not shipped.
const MailTemplate& shipped_template(std::string_view language, std::string_view purpose);

// `shipped` with the files of the founder's own in place of Slipway's; `files` maps "welcome.subject", "welcome.txt",
// "operator_failure.html", … to their content. Throws Error(invalid), naming the file, for a file that no mail uses, a
// placeholder that does not exist, text that is not UTF-8, or a subject of several lines.
MailTemplate with_overrides(MailTemplate shipped, std::string_view purpose,
                            const std::map<std::string, std::string, std::less<>>& files);

// Puts the values in, once: what a value holds is never expanded again. Control characters and direction overrides in
// values become spaces; the HTML part's values are escaped. Throws Error(invalid) for an unknown placeholder.
RenderedMail render(const MailTemplate& mail, const TemplateValues& values);

}  // namespace slipway
