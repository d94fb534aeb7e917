#include "cli/tenants.hpp"

#include <fmt/format.h>

#include <istream>
#include <limits>
#include <ostream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

std::string age_of(const json::object& tenant, const Clock& clock) {
  const auto created = parse_rfc3339(string_at(tenant, "createdAt"));
  return created ? short_age(*created, clock.now()) : "";
}

bool confirmed(Context& context, const json::object& tenant) {
  if (!context.in_is_terminal) {
    throw Error(ErrorKind::invalid, "rm deletes the customer's data; without a terminal to ask on, it needs --yes");
  }
  const std::string subdomain = string_at(tenant, "subdomain");
  context.out << fmt::format(
                     "This deletes {} ({}) with its database, volumes and URL. There is no way back.\n"
                     "Type the subdomain to go on: ",
                     safe(subdomain), safe(string_at(tenant, "company_name")))
              << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  return trimmed(answer) == subdomain && !subdomain.empty();
}

}  // namespace

int list_tenants(Context& context, ApiClient& api, const ListOptions& options) {
  const json::object all = all_pages("tenants", options.limit, [&](const std::string& after, std::size_t limit) {
    return api.tenants(options.status, options.search, after, limit);
  });
  if (options.json) {
    print_json(context, all);
    return exit_ok;
  }
  const json::array& tenants = all.at("tenants").get_array();
  if (tenants.empty()) {
    const bool unfiltered = options.status.empty() && options.search.empty();
    context.out << (unfiltered ? "no tenants yet; `slipway provision` makes one\n"
                               : fmt::format("no tenant is {}\n",
                                             options.search.empty() ? safe(options.status) : "like that"));
    return exit_ok;
  }
  Table table({"SUBDOMAIN", "STATUS", "COMPANY", "PLAN", "URL", "AGE", "ID"});
  for (const json::value& entry : tenants) {
    const json::object& t = entry.as_object();
    const std::string status = string_at(t, "status");
    table.add({{string_at(t, "subdomain"), Colour::bold},
               {status, colour_of_status(status)},
               {string_at(t, "company_name")},
               {string_at(t, "plan")},
               {string_at(t, "accessUrl")},
               {age_of(t, context.clock)},
               {string_at(t, "tenantId"), Colour::dim}});
  }
  table.print(context.out, context.colours);
  if (!all.at("next").is_null()) context.out << "there are more; --limit shows them\n";
  return exit_ok;
}

int show_tenant(Context& context, ApiClient& api, const std::string& tenant, bool json_wanted) {
  const json::object t = api.tenant(api.resolve(tenant));
  if (json_wanted) {
    print_json(context, t);
    return exit_ok;
  }
  const std::string status = string_at(t, "status");
  Facts facts;
  facts.add("subdomain", string_at(t, "subdomain"), Colour::bold);
  facts.add("status", status, colour_of_status(status));
  facts.add("reason", string_at(t, "reason"));
  facts.add("wanted", string_at(t, "desired"));
  facts.add("URL", string_at(t, "accessUrl"), Colour::bold);
  facts.add("company", string_at(t, "company_name"));
  facts.add("admin", string_at(t, "admin_email"));
  facts.add("plan", string_at(t, "plan"));
  facts.add("image", string_at(t, "image"));
  facts.add("release", string_at(t, "release"));
  facts.add("outdated",
            bool_at(t, "outdated") ? "its settings have changed: `slipway apply` restarts it with them" : "",
            Colour::yellow);
  const std::int64_t crashes = int_at(t, "crashes");
  facts.add("crashes", crashes == 0 ? "" : std::to_string(crashes), Colour::red);
  facts.add("created", short_time(string_at(t, "createdAt")));
  facts.add("ready", short_time(string_at(t, "readyAt")));
  facts.add("next try", short_time(string_at(t, "nextTryAt")));
  if (const json::object* metadata = object_at(t, "metadata")) {
    for (const auto& [key, value] : *metadata) {
      if (value.is_string()) facts.add(safe(key), std::string(value.get_string()));
    }
  }
  const json::array* mails = array_at(t, "mail");
  for (std::size_t i = 0; mails != nullptr && i < mails->size(); ++i) {
    const json::object& mail = mails->at(i).as_object();
    const std::string state = string_at(mail, "state");
    const std::string sent_at = string_at(mail, "sentAt");
    const std::string error = string_at(mail, "error");
    facts.add("mail", fmt::format("{}: {}{}{}", string_at(mail, "purpose"), state,
                                  sent_at.empty() ? "" : " " + short_time(sent_at), error.empty() ? "" : ": " + error));
  }
  facts.add("user", string_at(t, "userId"));
  facts.add("id", string_at(t, "tenantId"));
  facts.print(context.out, context.colours);
  return exit_ok;
}

int change_tenant(Context& context, ApiClient& api, const std::string& tenant, std::string_view verb,
                  bool json_wanted) {
  const json::object t = api.act(api.resolve(tenant), verb);
  if (json_wanted) {
    print_json(context, t);
  } else {
    print_status(context, t);
  }
  return exit_ok;
}

int apply_all(Context& context, ApiClient& api, unsigned timeout_seconds, bool json_wanted) {
  const json::object all =
      all_pages("tenants", std::numeric_limits<std::size_t>::max(),
                [&](const std::string& after, std::size_t limit) { return api.tenants("", "", after, limit); });
  json::array applied;
  for (const json::value& entry : all.at("tenants").get_array()) {
    const json::object& t = entry.as_object();
    if (!bool_at(t, "outdated") || string_at(t, "desired") != "running") continue;
    const TenantId id(string_at(t, "tenantId"));
    const auto last = int_at(api.events(id, 0, 1, std::chrono::seconds(0)), "last");
    api.act(id, "apply");
    ProgressView view(context, json_wanted);
    const Waited waited = wait_for(
        context, api, id, static_cast<std::uint64_t>(last), std::chrono::seconds(timeout_seconds), view,
        [](const json::object& now) { return string_at(now, "status") == "active" && !bool_at(now, "outdated"); });
    if (!waited.done) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} was not active again within {} s; those after it were left as they are",
                              string_at(t, "subdomain"), timeout_seconds));
    }
    applied.push_back(waited.tenant);
    if (!json_wanted) print_status(context, waited.tenant);
  }
  if (json_wanted) {
    print_json(context, {{"tenants", std::move(applied)}});
  } else if (applied.empty()) {
    context.out << "no tenant's settings have changed since its instance was made\n";
  }
  return exit_ok;
}

int remove_tenant(Context& context, ApiClient& api, const std::string& tenant, const RemoveOptions& options) {
  const TenantId id = api.resolve(tenant);
  if (!options.yes && !confirmed(context, api.tenant(id))) {
    throw Error(ErrorKind::conflict, "that is not its subdomain; nothing was deleted");
  }
  // The newest event there is, so that only what the deletion does is shown.
  const auto last = options.wait ? int_at(api.events(id, 0, 1, std::chrono::seconds(0)), "last") : 0;
  json::object t = api.remove(id);
  int code = exit_ok;
  if (options.wait) {
    ProgressView view(context, options.json);
    Waited waited =
        wait_for(context, api, id, static_cast<std::uint64_t>(last), std::chrono::seconds(options.timeout_seconds),
                 view, [](const json::object& now) { return string_at(now, "status") == "deleted"; });
    t = std::move(waited.tenant);
    code = waited.done ? exit_ok : exit_timed_out;
  }
  if (options.json) {
    print_json(context, t);
  } else {
    print_status(context, t);
  }
  return code;
}

}  // namespace slipway::cli
