#include "model/mail_template.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "mail_templates.embedded.hpp"

namespace slipway {
namespace {

constexpr std::size_t subject_limit_code_points = 200;

// The code points of `text`, each as its bytes; bytes that are no UTF-8 come one by one.
std::vector<std::string_view> code_points(std::string_view text) {
  std::vector<std::string_view> points;
  while (!text.empty()) {
    std::size_t size = 1;
    while (size < std::min<std::size_t>(4, text.size()) && utf8_length(text.substr(0, size)) != 1) ++size;
    if (utf8_length(text.substr(0, size)) != 1) size = 1;
    points.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return points;
}

std::string shortened(std::string_view subject) {
  const auto points = code_points(subject);
  if (points.size() <= subject_limit_code_points) return std::string(subject);
  std::string out;
  for (std::size_t i = 0; i + 1 < subject_limit_code_points; ++i) out += points[i];
  return out + "…";
}

[[noreturn]] void unknown(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  const std::string near = nearest(name, known);
  throw Error(ErrorKind::invalid,
              near.empty() ? fmt::format("mail: there is no {} '{}'; known are: {}", what, name, fmt::join(known, ", "))
                           : fmt::format("mail: there is no {} '{}'; did you mean '{}'?", what, name, near));
}

std::string embedded_file(const std::string& name) {
  for (const auto& [file, content] : embedded::mail_templates()) {
    if (file == name) return std::string(content);
  }
  throw Error(ErrorKind::internal, fmt::format("mail: {} is not part of this program", name));
}

using Shipped = std::map<std::string, std::map<std::string, MailTemplate, std::less<>>, std::less<>>;

Shipped load_shipped() {
  Shipped shipped;
  for (const std::string& language : mail_languages()) {
    for (const std::string& purpose : mail_purposes()) {
      const std::string stem = language + "/" + purpose;
      shipped[language][purpose] = {trimmed(embedded_file(stem + ".subject")), embedded_file(stem + ".txt"),
                                    embedded_file(stem + ".html")};
    }
  }
  return shipped;
}

// A mistake is to be found when Slipway starts, not when the first customer's mail is due.
void require_usable(const std::string& content) {
  if (utf8_length(content) == std::string_view::npos) throw Error(ErrorKind::invalid, "is not UTF-8");
  TemplateValues sample;
  for (const std::string& name : mail_value_names()) sample[name] = "x";
  expand_template(content, sample);
}

}  // namespace

const std::vector<std::string>& mail_languages() {
  static const std::vector<std::string> languages = {"en", "vi"};
  return languages;
}

const std::vector<std::string>& mail_purposes() {
  static const std::vector<std::string> purposes = {"welcome", "operator_failure", "operator_waiting"};
  return purposes;
}

const std::vector<std::string>& mail_value_names() {
  static const std::vector<std::string> names = {"company_name", "app_name",    "url",  "subdomain", "tenant_id",
                                                 "user_id",      "admin_email", "plan", "reason"};
  return names;
}

const MailTemplate& shipped_template(std::string_view language, std::string_view purpose) {
  static const Shipped shipped = load_shipped();
  const auto of_language = shipped.find(language);
  if (of_language == shipped.end()) unknown("language", language, mail_languages());
  const auto found = of_language->second.find(purpose);
  if (found == of_language->second.end()) unknown("template", purpose, mail_purposes());
  return found->second;
}

MailTemplate with_overrides(MailTemplate shipped, std::string_view purpose,
                            const std::map<std::string, std::string, std::less<>>& files) {
  std::vector<std::string> known;
  for (const std::string& p : mail_purposes()) {
    for (const char* part : {".subject", ".txt", ".html"}) known.push_back(p + part);
  }
  for (const auto& [name, content] : files) {
    if (std::find(known.begin(), known.end(), name) == known.end()) unknown("template file", name, known);
    with_context("mail template " + name, [&content = content] { require_usable(content); });
    const auto dot = name.rfind('.');
    if (name.substr(0, dot) != purpose) continue;
    const std::string part = name.substr(dot);
    if (part == ".txt") shipped.text = content;
    if (part == ".html") shipped.html = content;
    if (part == ".subject") {
      shipped.subject = trimmed(content);
      if (has_control_characters(shipped.subject)) {
        throw Error(ErrorKind::invalid, fmt::format("mail template {}: must be one line of text", name));
      }
    }
  }
  return shipped;
}

RenderedMail render(const MailTemplate& mail, const TemplateValues& values) {
  return {
      shortened(trimmed(expand_template(mail.subject, values, without_controls))),
      expand_template(mail.text, values, without_controls),
      expand_template(mail.html, values, [](std::string_view v) { return html_escaped(without_controls(v)); }),
  };
}

}  // namespace slipway
