#include <algorithm>

#include "base/template.hpp"
#include "model/mail_template.hpp"
#include "tests/fuzz/fuzz.hpp"

// A founder's template (first field) and a customer's value (the rest). Only the template says what is expanded: a
// value is text, wherever it goes.
namespace {

using namespace slipway;

// Takes the names out of what was expanded with marked values; what is left is the template's own text.
std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

std::size_t count(std::string_view text, char c) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string text = input.field();
  const std::string value(input.rest());

  const TemplateValues values{{"company_name", value}, {"url", value}};
  std::string out;
  if (fuzz::accepts([&] { out = expand_template(text, values); })) {
    fuzz::require(text.find("{{") != text.npos || out == text, "text without braces stays as it is");
    const std::string empty = expand_template(text, {{"company_name", ""}, {"url", ""}});
    constexpr std::string_view mark = "\x01mark\x02";
    if (text.find(mark) == text.npos && empty.find(mark) == empty.npos) {
      const std::string marked =
          expand_template(text, {{"company_name", std::string(mark)}, {"url", std::string(mark)}});
      std::size_t uses = 0;
      for (auto at = marked.find(mark); at != std::string::npos; at = marked.find(mark, at + 1)) ++uses;
      fuzz::require(out.size() == empty.size() + uses * value.size(), "a value is put in once, and is not expanded");
      fuzz::require(without(marked, mark).size() == empty.size(), "a value takes nothing away");
    }
  }

  TemplateValues mail_values;
  for (const std::string& name : mail_value_names()) mail_values[name] = value;
  TemplateValues no_values;
  for (const std::string& name : mail_value_names()) no_values[name] = "";
  MailTemplate mail;
  const bool usable = fuzz::accepts([&] {
    mail = with_overrides(shipped_template("en", "welcome"), "welcome",
                          {{"welcome.html", text}, {"welcome.txt", text}, {"welcome.subject", text}});
  });
  if (!usable) mail = shipped_template("en", "welcome");
  const RenderedMail rendered = render(mail, mail_values);
  const RenderedMail bare = render(mail, no_values);
  fuzz::require(!has_control_characters(rendered.subject), "a subject is one line", rendered.subject);
  for (const char c : {'<', '>', '"', '\''}) {
    fuzz::require(count(rendered.html, c) == count(bare.html, c), "a value adds no markup to HTML", rendered.html);
  }
  fuzz::require(
      utf8_length(rendered.text) != std::string_view::npos && utf8_length(rendered.html) != std::string_view::npos,
      "a mail is UTF-8");
  fuzz::require(count(rendered.text, '\n') == count(bare.text, '\n'), "a value adds no line", rendered.text);
  return 0;
}
