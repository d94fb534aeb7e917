#include "cli/access.hpp"

#include <fmt/format.h>

#include <ostream>

#include "base/json.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/table.hpp"

namespace slipway::cli {
namespace {
namespace json = boost::json;

constexpr std::size_t page = 1'000;  // what the API gives at once
}  // namespace

int create_key(Context& context, ApiClient& api, const std::string& name, const std::string& scope, bool json_wanted) {
  const json::object key = api.create_key(name, scope);
  if (json_wanted) {
    print_json(context, key);
    return exit_ok;
  }
  context.out << string_at(key, "key") << "\n";
  context.err << fmt::format("This is {} ({}), scope {}. It is shown this once: keep it where secrets are kept.\n",
                             safe(string_at(key, "name")), safe(string_at(key, "id")), safe(string_at(key, "scope")));
  return exit_ok;
}

int list_keys(Context& context, ApiClient& api, bool json_wanted) {
  const json::object answer = api.keys();
  if (json_wanted) {
    print_json(context, answer);
    return exit_ok;
  }
  const json::array* keys = array_at(answer, "keys");
  if (keys == nullptr || keys->empty()) {
    context.out << "no keys yet; slipway keys create NAME makes one\n";
    return exit_ok;
  }
  Table table({"ID", "NAME", "SCOPE", "CREATED", "STATE"});
  for (const json::value& entry : *keys) {
    const json::object& key = entry.as_object();
    const std::string revoked = string_at(key, "revokedAt");
    table.add({{string_at(key, "id")},
               {string_at(key, "name"), Colour::bold},
               {string_at(key, "scope")},
               {short_time(string_at(key, "createdAt"))},
               {revoked.empty() ? "valid" : "revoked " + short_time(revoked)}});
  }
  table.print(context.out, context.colours);
  return exit_ok;
}

int revoke_key(Context& context, ApiClient& api, const std::string& id, bool json_wanted) {
  api.revoke_key(id);
  if (json_wanted) {
    print_json(context, json::object{{"id", id}, {"revoked", true}});
  } else {
    context.out << safe(id) << " is revoked\n";
  }
  return exit_ok;
}

int show_audit(Context& context, ApiClient& api, const std::string& tenant, std::size_t limit, bool json_wanted) {
  const std::string target = tenant.empty() || tenant.starts_with("k_") ? tenant : api.resolve(tenant).value();
  // The API gives the oldest first; what is asked for here is the end of the trail.
  json::array entries;
  std::uint64_t after = 0;
  while (true) {
    const json::object answer = api.audit(target, after, page);
    const json::array* got = array_at(answer, "entries");
    if (got == nullptr || got->empty()) break;
    entries.insert(entries.end(), got->begin(), got->end());
    if (entries.size() > limit) entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(limit));
    after = static_cast<std::uint64_t>(int_at(answer, "last"));
  }
  if (json_wanted) {
    print_json(context, json::object{{"entries", std::move(entries)}});
    return exit_ok;
  }
  if (entries.empty()) {
    context.out << "nothing was asked for yet\n";
    return exit_ok;
  }
  Table table({"AT", "WHO", "FROM", "WHAT", "TARGET"});
  for (const json::value& value : entries) {
    const json::object& entry = value.as_object();
    table.add({{short_time(string_at(entry, "at"))},
               {string_at(entry, "actor")},
               {string_at(entry, "from")},
               {string_at(entry, "action"), Colour::bold},
               {string_at(entry, "target")}});
  }
  table.print(context.out, context.colours);
  return exit_ok;
}

}  // namespace slipway::cli
