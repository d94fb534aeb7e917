#include "config/settings_of.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/error.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t template_limit_bytes = 256 << 10;

std::map<std::string, std::string, std::less<>> files_in(const fs::path& directory) {
  std::map<std::string, std::string, std::less<>> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    if (entry.file_size() > template_limit_bytes) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} is larger than a mail template may be (256 KiB)", entry.path().string()));
    }
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

// Templates of the founder's own stand in `<directory>/<language>/`.
std::map<std::string, MailTemplate> mail_templates(const fs::path& directory) {
  std::map<std::string, MailTemplate> templates;
  for (const std::string& language : mail_languages()) {
    std::map<std::string, std::string, std::less<>> files;
    if (!directory.empty() && fs::is_directory(directory / language)) files = files_in(directory / language);
    for (const std::string& purpose : mail_purposes()) {
      templates[language + "/" + purpose] =
          with_context(fmt::format("mail.templates: {}", (directory / language).string()),
                       [&] { return with_overrides(shipped_template(language, purpose), purpose, files); });
    }
  }
  return templates;
}

}  // namespace

Settings settings_of(const Config& config, const std::string& address) {
  Settings s;
  s.app = config.app;
  s.variables = config.variables;
  s.plans = config.plans;
  s.access = config.access.spec;
  s.access.address = address;
  s.mail.from = config.mail.from;
  s.mail.reply_to = config.mail.reply_to;
  s.mail.operator_address = config.mail.operator_address;
  s.mail.language = config.mail.language;
  s.mail.templates = mail_templates(config.mail.templates);
  s.policy.retry_budget = config.limits.retry_budget;
  s.reserved_slugs = config.limits.reserved_subdomains;
  s.orphan_grace = config.limits.orphan_grace;
  s.sweep_interval = config.limits.sweep_interval;
  s.workers = config.limits.workers;
  const unsigned starts = config.limits.parallel_starts;
  s.boots_at_once = starts != 0 ? starts : 2 * std::max(1u, std::thread::hardware_concurrency());
  for (const Secret& secret : config.secrets) s.secrets.add(secret);
  return s;
}

}  // namespace slipway
