#include "config/reference.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/man_page.hpp"
#include "config/keys.hpp"
#include "config_docs.embedded.hpp"

namespace slipway {
namespace {

using config::Key;

std::string_view page() { return embedded::config_docs().front().second; }

std::string_view section_of(const Key& key) { return key.path.substr(0, key.path.find('.')); }

std::string table(std::string_view section) {
  std::string rows = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const Key& key : config::keys()) {
    if (section_of(key) != section) continue;
    const std::string absent =
        key.absent.value.empty() ? std::string(key.absent.words) : fmt::format("`{}`", key.absent.value);
    rows += fmt::format("| `{}` | {} | {} | {} |\n", key.path, key.kind.name, absent, key.meaning);
  }
  return rows;
}

// The list below "## How values are written".
std::string value_rules() {
  const std::string_view all = page();
  const auto head = all.find("\n## How values are written\n");
  const auto from = all.find("\n- ", head);
  const auto to = all.find("\n## ", from);
  std::string out;
  for (const std::string& line : split(all.substr(from + 1, to - from - 1), '\n')) {
    if (line.starts_with("- ")) out += ".IP \\(bu 2\n";
    const std::string words = plain_text(trimmed(line.starts_with("- ") ? line.substr(2) : line));
    if (!words.empty()) out += cli::roff(words) + "\n";
  }
  return out;
}

}  // namespace

std::string plain_text(std::string_view markdown) {
  std::string out;
  bool code = false;  // what stands between ticks stays as it is
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const std::string_view rest = markdown.substr(i);
    if (markdown[i] == '`') {
      code = !code;
    } else if (!code && rest.starts_with("](")) {
      i = std::min(markdown.find(')', i), markdown.size() - 1);
    } else if (!code && rest.starts_with("**")) {
      ++i;
    } else if (code || markdown[i] != '[') {
      out += markdown[i];
    }
  }
  return out;
}

std::string config_reference() {
  std::string out;
  std::string section;
  bool in_table = false;
  for (const std::string& line : split(page(), '\n')) {
    if (line.starts_with("## ")) section = line.substr(3, line.find(':') - 3);
    if (line.starts_with("| Key |")) {
      in_table = true;
      out += table(section);
    }
    in_table = in_table && line.starts_with('|');
    if (!in_table) out += line + "\n";
  }
  out.pop_back();
  return out;
}

std::string config_page(std::string_view version) {
  std::string out = fmt::format(
      ".TH SLIPWAY.YAML 5 \"\" \"Slipway {}\" \"Slipway\"\n.SH NAME\nslipway.yaml \\- what Slipway sells, and where\n"
      ".SH DESCRIPTION\nOne file in YAML. Only app.image is required;\n.B slipway init\nwrites one to begin with,\n"
      ".B slipway config check\nlooks through it, and\n.B slipway config show\nsays what is in force.\n"
      ".SH VALUES\n{}.SH KEYS\n",
      cli::roff(version), value_rules());
  std::string_view section;
  for (const Key& key : config::keys()) {
    if (section_of(key) != section) out += fmt::format(".SS {}\n", cli::roff(section_of(key)));
    section = section_of(key);
    const std::string_view absent = key.absent.value;
    out += fmt::format(".TP\n\\fB{}\\fR ({}{})\n{}\n", cli::roff(key.path), cli::roff(key.kind.name),
                       absent.empty() ? "" : "; " + cli::roff(absent), cli::roff(plain_text(key.meaning)));
  }
  return out +
         ".SH FILES\n.TP\n.I /etc/slipway/slipway.yaml\nThe one that the packaged service reads.\n"
         ".SH SEE ALSO\n.BR slipway (1)\n";
}

}  // namespace slipway
