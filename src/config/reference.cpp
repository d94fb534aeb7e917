#include "config/reference.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/text.hpp"
#include "cli/man_page.hpp"
#include "config/keys.hpp"
#include "config_docs.embedded.hpp"

namespace slipway {
namespace {

constexpr std::string_view file_name = "configuration.md";

std::string_view reference() {
  for (const auto& [name, text] : embedded::config_docs()) {
    if (name == file_name) return text;
  }
  throw std::logic_error("the configuration reference is not built in");
}

struct Row {
  std::string fallback;
  std::string meaning;
};
using Rows = std::map<std::string, Row, std::less<>>;

// The rows "| `key` | type | default | meaning |".
Rows read_rows() {
  Rows rows;
  for (const std::string& line : split(reference(), '\n')) {
    if (!line.starts_with("| `")) continue;
    const auto cells = split(line, '|');
    if (cells.size() != 6) continue;
    std::string key = trimmed(cells[1]);
    std::erase(key, '`');
    rows.emplace(std::move(key), Row{trimmed(cells[3]), trimmed(cells[4])});
  }
  return rows;
}

const Rows& rows() {
  static const Rows all = read_rows();
  return all;
}

// "see [templates](#templates)" -> "see templates"; ticks and stars go, and what stands between ticks stays as it is.
std::string without_markup(std::string_view text) {
  std::string out;
  bool code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (text[i] == '`') {
      code = !code;
    } else if (!code && rest.starts_with("](")) {
      i = std::min(text.find(')', i), text.size() - 1);
    } else if (!code && rest.starts_with("**")) {
      ++i;
    } else if (code || text[i] != '[') {
      out += text[i];
    }
  }
  return out;
}

// The list below "## How values are written".
std::string value_rules() {
  const std::string_view all = reference();
  const auto head = all.find("\n## How values are written\n");
  const auto from = all.find("\n- ", head);
  const auto to = all.find("\n## ", from);
  std::string out;
  for (const std::string& line : split(all.substr(from + 1, to - from - 1), '\n')) {
    if (line.starts_with("- ")) out += ".IP \\(bu 2\n";
    const std::string words = without_markup(trimmed(line.starts_with("- ") ? line.substr(2) : line));
    if (!words.empty()) out += cli::roff(words) + "\n";
  }
  return out;
}

}  // namespace

std::string plain_meaning_of_key(std::string_view path) {
  const auto found = rows().find(path);
  if (found == rows().end()) throw std::logic_error(fmt::format("the reference does not have the key '{}'", path));
  return without_markup(found->second.meaning);
}

bool is_required_key(std::string_view path) {
  const auto found = rows().find(path);
  return found != rows().end() && found->second.fallback == "required";
}

std::string config_page(std::string_view version) {
  std::string out = fmt::format(
      ".TH SLIPWAY.YAML 5 \"\" \"Slipway {}\" \"Slipway\"\n.SH NAME\nslipway.yaml \\- what Slipway sells, and where\n"
      ".SH DESCRIPTION\nOne file in YAML. Only app.image is required;\n.B slipway init\nwrites one to begin with,\n"
      ".B slipway config check\nlooks through it, and\n.B slipway config show\nsays what is in force.\n"
      ".SH VALUES\n{}.SH KEYS\n",
      cli::roff(version), value_rules());
  std::string section;
  for (const ConfigKey& key : config_keys()) {
    const std::string top(key.path.substr(0, key.path.find('.')));
    if (top != section) out += fmt::format(".SS {}\n", cli::roff(top));
    section = top;
    out += fmt::format(".TP\n\\fB{}\\fR ({}{})\n{}\n", cli::roff(key.path), cli::roff(key.type),
                       key.fallback.empty() ? "" : "; " + cli::roff(key.fallback),
                       cli::roff(plain_meaning_of_key(key.path)));
  }
  return out +
         ".SH FILES\n.TP\n.I /etc/slipway/slipway.yaml\nThe one that the packaged service reads.\n"
         ".SH SEE ALSO\n.BR slipway (1)\n";
}

}  // namespace slipway
