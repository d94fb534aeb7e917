#include "cli/provision.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

json::object sign_up(const ProvisionOptions& options) {
  json::object body{
      {"admin_email", options.email}, {"subdomain", options.subdomain}, {"company_name", options.company}};
  if (!options.user_id.empty()) body["userId"] = options.user_id;
  if (!options.plan.empty()) body["plan"] = options.plan;
  json::object metadata;
  for (const std::string& pair : options.metadata) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorKind::invalid, fmt::format("--metadata '{}' must be KEY=VALUE", pair));
    }
    metadata[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  if (!metadata.empty()) body["metadata"] = std::move(metadata);
  return body;
}

// The welcome mail, or nothing where the tenant has none.
const json::object* welcome_of(const json::object& tenant) {
  const json::array* mails = array_at(tenant, "mail");
  for (std::size_t i = 0; mails != nullptr && i < mails->size(); ++i) {
    const auto* mail = mails->at(i).if_object();
    if (mail != nullptr && string_at(*mail, "purpose") == "welcome") return mail;
  }
  return nullptr;
}

// As the API's own waiting: an active tenant is settled once its mail has been tried.
bool is_settled(const json::object& tenant) {
  const std::string status = string_at(tenant, "status");
  if (status == "active") {
    const json::object* mail = welcome_of(tenant);
    return mail == nullptr || string_at(*mail, "state") != "pending" || int_at(*mail, "attempts") > 0;
  }
  return status == "failed" || status == "crash_loop" || status == "suspended" || status == "deleted";
}

std::string mail_words(const json::object& tenant) {
  const std::string to = string_at(tenant, "admin_email");
  const json::object* mail = welcome_of(tenant);
  if (mail == nullptr) return bool_at(tenant, "emailSent") ? "welcome sent to " + to : "none";
  const std::string state = string_at(*mail, "state");
  const std::string error = string_at(*mail, "error");
  if (state == "sent") return "welcome sent to " + to;
  return fmt::format("welcome to {} is {}{}", to, state, error.empty() ? "" : ": " + error);
}

int conclude(Context& context, const json::object& tenant, bool settled, const ProvisionOptions& options) {
  const std::string status = string_at(tenant, "status");
  const int code = !settled ? exit_timed_out : status == "active" ? exit_ok : exit_failed;
  if (options.json) {
    print_json(context, tenant);
    return code;
  }
  print_status(context, tenant);
  if (!settled) {
    context.out << fmt::format("still going on after {} s; `slipway events -f {}` follows it\n", options.wait_seconds,
                               safe(string_at(tenant, "tenantId")));
  }
  if (status != "active") return code;
  Facts facts;
  facts.add("URL", string_at(tenant, "accessUrl"), Colour::bold);
  facts.add("mail", mail_words(tenant));
  facts.print(context.out, context.colours);
  return code;
}

}  // namespace

int provision(Context& context, ApiClient& api, const ProvisionOptions& options) {
  const json::object accepted = api.provision(sign_up(options), options.idempotency_key);
  const TenantId id = parse_tenant_id(string_at(accepted, "tenantId"));
  if (options.no_wait) {
    if (options.json) {
      print_json(context, accepted);
    } else {
      context.out << fmt::format("{} {}; `slipway events -f {}` follows it\n", id.value(),
                                 safe(string_at(accepted, "status")), id.value());
    }
    return exit_ok;
  }
  if (!options.json) {
    context.out << painted(safe(options.subdomain), Colour::bold, context.colours) << " " << id.value() << "\n"
                << std::flush;
  }
  // One that was there already is shown as it is, not as it once came up.
  if (string_at(accepted, "status") != "provisioning") {
    const json::object existing = api.tenant(id);
    if (is_settled(existing)) return conclude(context, existing, true, options);
  }
  ProgressView view(context, options.json);
  const Waited waited = wait_for(context, api, id, 0, std::chrono::seconds(options.wait_seconds), view, is_settled);
  return conclude(context, waited.tenant, waited.done, options);
}

}  // namespace slipway::cli
