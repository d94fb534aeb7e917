#include "cli/service.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/table.hpp"

namespace slipway::cli {
namespace {
namespace json = boost::json;

// The object of that name; an empty one where the server has none.
json::object part(const json::object& answer, std::string_view name) {
  const json::object* found = object_at(answer, name);
  return found == nullptr ? json::object() : *found;
}

std::string duration_at(const json::object& object, std::string_view name) {
  return human(Millis(int_at(object, name)));
}

// "3 tenants, the oldest for 12 s"; "none" where there are none.
std::string owed(const json::object& what) {
  const std::int64_t tenants = int_at(what, "tenants");
  if (tenants == 0) return "none";
  return fmt::format("{} tenant{}, the oldest for {}", tenants, tenants == 1 ? "" : "s", duration_at(what, "oldestMs"));
}

std::string sign_up_to_ready(const json::object& ready) {
  const std::int64_t count = int_at(ready, "count");
  if (count == 0) return fmt::format("no sign-up became ready in the last {} h", int_at(ready, "windowHours"));
  return fmt::format("p50 {}, p95 {} ({} in the last {} h)", duration_at(ready, "p50Ms"), duration_at(ready, "p95Ms"),
                     count, int_at(ready, "windowHours"));
}

}  // namespace

int show_service_status(Context& context, ApiClient& api, bool json_wanted) {
  const json::object answer = api.status();
  if (json_wanted) {
    print_json(context, answer);
    return exit_ok;
  }
  Facts facts;
  const json::object tenants = part(answer, "tenants");
  facts.add("tenants", tenants.empty() ? "none yet" : "");
  for (const auto& [status, count] : tenants) {
    facts.add("  " + std::string(status), json::serialize(count), colour_of_status(std::string(status)));
  }
  facts.add("sign-up to ready", sign_up_to_ready(part(answer, "signUpToReady")));
  facts.add("waiting for work", owed(part(answer, "due")));
  facts.add("mail owed", owed(part(answer, "mailOwed")));
  const json::object ports = part(answer, "ports");
  facts.add("ports", fmt::format("{} leased, {} held by other programs, {} free", int_at(ports, "leased"),
                                 int_at(ports, "held"), int_at(ports, "free")));
  facts.add("server", string_at(answer, "version"));
  facts.print(context.out, context.colours);
  return exit_ok;
}

int show_mail(Context& context, ApiClient& api, std::size_t limit, bool json_wanted) {
  const json::object answer =
      all_pages("mail", limit, [&](const std::string& after, std::size_t page) { return api.mail(after, page); });
  if (json_wanted) {
    print_json(context, answer);
    return exit_ok;
  }
  const json::array& mails = answer.at("mail").get_array();
  if (mails.empty()) {
    context.out << "no mail yet\n";
    return exit_ok;
  }
  Table table({"SUBDOMAIN", "PURPOSE", "TO", "STATE", "TRIES", "SENT", "ERROR"});
  for (const json::value& entry : mails) {
    const json::object& mail = entry.as_object();
    const std::string state = string_at(mail, "state");
    table.add({{string_at(mail, "subdomain"), Colour::bold},
               {string_at(mail, "purpose")},
               {string_at(mail, "to")},
               {state, colour_of_status(state)},
               {std::to_string(int_at(mail, "attempts"))},
               {short_time(string_at(mail, "sentAt"))},
               {string_at(mail, "error")}});
  }
  table.print(context.out, context.colours);
  if (!answer.at("next").is_null()) context.out << "there are more; --limit shows them\n";
  return exit_ok;
}

int sweep(Context& context, ApiClient& api, bool dry_run, bool unknown, bool json_wanted) {
  const json::object report = api.sweep(dry_run, unknown);
  if (json_wanted) {
    print_json(context, report);
    return exit_ok;
  }
  const json::array* orphans = array_at(report, "orphans");
  const json::array* drifted = array_at(report, "drifted");
  if (orphans == nullptr || orphans->empty()) {
    context.out << "nothing is left behind\n";
  } else {
    Table table({"KIND", "NAME", "TENANT", "FIRST SEEN", "STATE"});
    for (const json::value& entry : *orphans) {
      const json::object& orphan = entry.as_object();
      const bool removed = bool_at(orphan, "removed");
      const bool held = bool_at(orphan, "held");
      table.add({{string_at(orphan, "kind")},
                 {string_at(orphan, "name"), Colour::bold},
                 {string_at(orphan, "tenantId")},
                 {short_time(string_at(orphan, "firstSeen"))},
                 {removed ? "removed"
                  : held  ? "kept: tenant unknown"
                          : "left for now",
                  removed ? Colour::green : Colour::yellow}});
    }
    table.print(context.out, context.colours);
  }
  for (std::size_t i = 0; drifted != nullptr && i < drifted->size(); ++i) {
    if (drifted->at(i).is_string()) {
      const std::string id(drifted->at(i).get_string());
      context.out << safe(id) << (dry_run ? " differs from what is wanted\n" : " differed and is being mended\n");
    }
  }
  return exit_ok;
}

int show_version(Context& context, const ServerChoice& choice, bool json_wanted) {
  json::value server = nullptr;
  std::string why;
  try {
    ApiClient api(context.find_server(choice), context.api_key());
    server = string_at(api.version(), "version");
  } catch (const Error& e) {
    why = e.message();
  }
  if (json_wanted) {
    print_json(context, json::object{{"version", context.version}, {"server", server}});
    return exit_ok;
  }
  context.out << "slipway " << context.version << "\n";
  if (server.is_string()) {
    context.out << "server  " << safe(std::string(server.get_string())) << "\n";
  } else {
    context.out << "server  not reached: " << safe(why.substr(0, why.find('\n'))) << "\n";
  }
  return exit_ok;
}

}  // namespace slipway::cli
