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
}

int show_mail(Context& context, ApiClient& api, std::size_t limit, bool json_wanted) {
  const json::object answer = api.mail(limit);
  if (json_wanted) {
    print_json(context, answer);
    return exit_ok;
  }
  const json::array* mails = array_at(answer, "mail");
  if (mails == nullptr || mails->empty()) {
    context.out << "no mail yet\n";
    return exit_ok;
  }
  Table table({"SUBDOMAIN", "PURPOSE", "TO", "STATE", "TRIES", "SENT", "ERROR"});
  for (const json::value& entry : *mails) {
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
  return exit_ok;
}

int sweep(Context& context, ApiClient& api, bool dry_run, bool json_wanted) {
  const json::object report = api.sweep(dry_run);
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
      table.add({{string_at(orphan, "kind")},
                 {string_at(orphan, "name"), Colour::bold},
                 {string_at(orphan, "tenantId")},
                 {short_time(string_at(orphan, "firstSeen"))},
                 {removed ? "removed" : "left for now", removed ? Colour::green : Colour::yellow}});
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
