#include "cli/transfer.hpp"

#include <fmt/format.h>

#include <fstream>
#include <istream>
#include <ostream>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/print.hpp"
#include "cli/text.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t export_page = 500;
constexpr std::size_t line_limit_bytes = 64u << 10;  // as the API's body
constexpr std::size_t line_limit = 100'000;
constexpr const char* fields[] = {"userId", "subdomain", "company_name", "admin_email", "plan", "metadata"};

void each_tenant(ApiClient& api, const std::function<void(const json::object&)>& visit) {
  std::string next;
  do {
    const json::object page = api.tenants("", "", next, export_page);
    const json::array* tenants = array_at(page, "tenants");
    for (std::size_t i = 0; tenants != nullptr && i < tenants->size(); ++i) visit(tenants->at(i).as_object());
    next = tenants == nullptr || tenants->empty() ? "" : string_at(page, "next");
  } while (!next.empty());
}

bool is_gone(const json::object& tenant) {
  const std::string status = string_at(tenant, "status");
  return status == "deleted" || status == "deleting";
}

json::object parse_line(const std::string& text, std::size_t number) {
  const auto wrong = [number](std::string_view why) {
    return Error(ErrorKind::invalid, fmt::format("line {}: {}; nothing was imported", number, why));
  };
  if (text.size() > line_limit_bytes) throw wrong(fmt::format("is longer than {} bytes", line_limit_bytes));
  boost::system::error_code ec;
  json::value value = json::parse(text, ec);
  if (ec || !value.is_object()) throw wrong("is not a JSON object");
  json::object& line = value.get_object();
  for (const auto& [name, unused] : line) {
    const bool known = std::any_of(std::begin(fields), std::end(fields), [&](const char* f) { return name == f; });
    if (!known) throw wrong(fmt::format("has the unknown field '{}'", safe(std::string(name))));
  }
  if (string_at(line, "userId").empty()) throw wrong("has no userId, by which a repeat is known");
  return std::move(line);
}

std::vector<json::object> read_lines(std::istream& in) {
  std::vector<json::object> lines;
  std::size_t number = 0;
  for (std::string text; std::getline(in, text);) {
    if (++number > line_limit) {
      throw Error(ErrorKind::invalid, fmt::format("there are more than {} lines; nothing was imported", line_limit));
    }
    if (!trimmed(text).empty()) lines.push_back(parse_line(text, number));
  }
  return lines;
}

struct Imported {
  std::string subdomain;
  std::string tenant_id;
  std::string outcome;  // "signed up", "already there" or "refused"
  std::string error;
};

// What the server refuses concerns this line; anything else (it cannot be reached, it fails) ends the import.
Imported import_one(ApiClient& api, const json::object& line, bool there) {
  Imported done{string_at(line, "subdomain"), "", there ? "already there" : "signed up", ""};
  try {
    done.tenant_id = string_at(api.provision(line, ""), "tenantId");
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::conflict && e.kind() != ErrorKind::invalid) throw;
    done.outcome = "refused";
    done.error = e.message();
  }
  return done;
}

void print(Context& context, const Imported& done, bool as_json) {
  if (as_json) {
    json::object line{{"subdomain", done.subdomain}, {"outcome", done.outcome}};
    if (!done.tenant_id.empty()) line["tenantId"] = done.tenant_id;
    if (!done.error.empty()) line["error"] = done.error;
    return print_json(context, line);
  }
  const Colour colour = done.error.empty() ? Colour::none : Colour::red;
  context.out << fmt::format("{}: {}{}\n", safe(done.subdomain), painted(done.outcome, colour, context.colours),
                             done.error.empty() ? "" : ": " + safe(done.error))
              << std::flush;
}

}  // namespace

int export_tenants(Context& context, ApiClient& api) {
  each_tenant(api, [&](const json::object& tenant) {
    if (is_gone(tenant)) return;
    json::object line;
    for (const char* field : fields) {
      if (const json::value* value = tenant.if_contains(field); value != nullptr && !value->is_null())
        line[field] = *value;
    }
    print_json(context, line);
  });
  return exit_ok;
}

int import_tenants(Context& context, ApiClient& api, const std::string& file, bool as_json) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) throw Error(ErrorKind::invalid, fmt::format("cannot read {}", file));
  }
  const auto lines = read_lines(file == "-" ? context.in : opened);
  std::set<std::string> there;
  each_tenant(api, [&](const json::object& tenant) {
    if (!is_gone(tenant)) there.insert(string_at(tenant, "userId"));
  });
  std::size_t fresh = 0;
  std::size_t refused = 0;
  for (const json::object& line : lines) {
    const Imported done = import_one(api, line, !there.insert(string_at(line, "userId")).second);
    print(context, done, as_json);
    if (done.outcome == "refused") ++refused;
    if (done.outcome == "signed up") ++fresh;
  }
  if (!as_json) {
    context.out << fmt::format("{} signed up, {} already there, {} refused\n", fresh, lines.size() - fresh - refused,
                               refused);
  }
  return refused == 0 ? exit_ok : exit_failed;
}

}  // namespace slipway::cli
