#include "engine/env.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"

namespace slipway {
namespace {

TemplateValues env_values(const Tenant& t, const std::string& url, const DatabaseAccess& db) {
  const std::string port = std::to_string(db.port);
  return {{"db.host", db.host},
          {"db.port", port},
          {"db.name", db.name},
          {"db.user", db.user},
          {"db.password", db.password.reveal()},
          {"db.url", fmt::format("postgresql://{}:{}@{}:{}/{}", db.user, db.password.reveal(), db.host, port, db.name)},
          {"tenant.id", t.id.value()},
          {"user_id", t.sign_up.user_id.value()},
          {"subdomain", t.sign_up.slug.value()},
          {"company_name", t.sign_up.company_name.value()},
          {"admin_email", t.sign_up.admin_email.value()},
          {"plan", t.sign_up.plan.value()},
          {"url", url},
          {"port", t.port ? std::to_string(t.port->value()) : ""}};
}

const std::string& written_value(const EnvTemplate& entry, const Settings& settings) {
  if (!entry.todays) return entry.value;
  const auto& now = settings.app.env;
  const auto found = std::find_if(now.begin(), now.end(), [&](const EnvTemplate& e) { return e.name == entry.name; });
  if (found != now.end()) return found->value;
  throw Error(ErrorKind::invalid,
              fmt::format("slipway.yaml has no app.env.{} any more, which this customer's release needs; "
                          "put it back, or move them to the app as it is now: slipway upgrade",
                          entry.name));
}

}  // namespace

std::vector<EnvVar> instance_env(const AppSpec& release, const Settings& settings, const Tenant& tenant,
                                 const std::string& url, const DatabaseAccess& database) {
  const TemplateValues values = env_values(tenant, url, database);
  std::vector<EnvVar> env;
  bool has_port = false;
  for (const EnvTemplate& entry : release.env) {
    has_port = has_port || entry.name == "PORT";
    env.push_back({entry.name, Secret(expand_template(
                                   with_variables(written_value(entry, settings), settings.variables), values))});
  }
  if (!has_port) env.push_back({"PORT", Secret(std::to_string(release.port))});
  return env;
}

std::string describe_exit(const std::optional<Instance>& instance, Millis ran) {
  if (!instance) return "the instance was removed from outside";
  if (instance->out_of_memory) {
    return fmt::format("the app was killed after {} because it used more memory than its plan allows", human(ran));
  }
  if (instance->exit_code == 0 && !instance->error.empty()) {
    return fmt::format("the instance does not run any more, after {}: {}", human(ran), instance->error);
  }
  std::string text = fmt::format("the app exited with code {} after {}", instance->exit_code, human(ran));
  if (instance->exit_code > 128) text += fmt::format(" (signal {})", instance->exit_code - 128);
  if (!instance->error.empty()) text += ": " + instance->error;
  return text;
}

ReasonCode code_of_exit(const std::optional<Instance>& instance) {
  if (!instance) return ReasonCode::waiting;
  if (instance->out_of_memory) return ReasonCode::out_of_memory;
  return instance->hopeless ? ReasonCode::app_not_started : ReasonCode::app_exited;
}

std::string quoted_last_words(std::string_view log, std::size_t limit_bytes) {
  std::string text = trimmed(log);
  if (text.empty()) return {};
  if (text.size() > limit_bytes) {
    std::size_t from = text.size() - limit_bytes;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
    text = "…" + text.substr(from);
  }
  std::string line;
  for (const std::string& part : split(text, '\n')) line += (line.empty() ? "" : " | ") + without_controls(part);
  return fmt::format("; its last words: \"{}\"", line);
}

}  // namespace slipway
