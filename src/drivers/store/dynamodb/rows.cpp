#include "drivers/store/dynamodb/rows.hpp"

#include "base/text.hpp"
#include "drivers/store/dynamodb/keys.hpp"

namespace slipway::dynamodb {
namespace {

// Builds "SET … REMOVE …" of an update.
class Changes {
 public:
  explicit Changes(Write& write) : write_(write) {}
  void set(const std::string& name, boost::json::value value) {
    set_ += (set_.empty() ? "SET #" : ", #") + name + " = :" + name;
    write_.values[":" + name] = std::move(value);
  }
  void remove(const std::string& name) { remove_ += (remove_.empty() ? " REMOVE #" : ", #") + name; }
  void set_or_remove(const std::string& name, std::optional<TimePoint> at) {
    at ? set(name, moment(*at)) : remove(name);
  }
  void finish() { write_.update = set_ + remove_; }

 private:
  Write& write_;
  std::string set_;
  std::string remove_;
};

}  // namespace

std::string search_text(const SignUp& s) {
  return lowered_ascii(s.slug.value() + "\n" + s.user_id.value() + "\n" + s.admin_email.value() + "\n" +
                       s.company_name.value());
}

Tenant tenant_at(const Item& row) {
  Tenant tenant = from_document(text_of(row, "doc"));
  tenant.version = static_cast<std::uint64_t>(number_of(row, "version"));
  tenant.due_at = moment_of(row, "due_at");
  return tenant;
}

RowFacts facts_at(const Item& row) { return {flag_of(row, "live"), text_of(row, "leased_port")}; }

std::optional<Timeline::End> timeline_end_at(const Item& row) {
  if (!row.contains("events_next")) return std::nullopt;
  return Timeline::End{static_cast<std::uint64_t>(number_of(row, "events_next")),
                       static_cast<std::uint64_t>(number_of(row, "events_total"))};
}

Write new_row(const Tenant& tenant, const std::string& writer, const LeaseName& port, const Timeline::End& timeline) {
  Write write{.subject = row_key(tenant.id), .condition = "attribute_not_exists(#pk)"};
  Item& row = write.subject;
  row["doc"] = text(to_document(tenant));
  row["version"] = number(static_cast<std::int64_t>(tenant.version));
  row["status"] = text(to_string(tenant.status));
  row["live"] = flag(is_live(tenant));
  row["leased_port"] = text(port);
  row["writer"] = text(writer);
  row["list"] = text(tenant_list);
  row["list_key"] = text(tenant.id.value());
  row["search"] = text(search_text(tenant.sign_up));
  row["created_at"] = moment(tenant.created_at);
  row["events_next"] = number(static_cast<std::int64_t>(timeline.next));
  row["events_total"] = number(static_cast<std::int64_t>(timeline.total));
  if (tenant.due_at) {
    row["due"] = text("DUE");
    row["due_at"] = moment(*tenant.due_at);
  }
  return write;
}

Write next_row(const Tenant& tenant, const RowFacts& facts, const Saving& saving, const LeaseName& port,
               const std::optional<Timeline::End>& timeline) {
  Write write{.kind = Write::Kind::update, .subject = row_key(tenant.id)};
  Changes changes(write);
  changes.set("doc", text(to_document(tenant)));
  changes.set("version", number(static_cast<std::int64_t>(tenant.version + 1)));
  changes.set("status", text(to_string(tenant.status)));
  changes.set("live", flag(is_live(tenant)));
  changes.set("leased_port", text(port));
  changes.set("writer", text(saving.writer));
  if (timeline) {
    changes.set("events_next", number(static_cast<std::int64_t>(timeline->next)));
    changes.set("events_total", number(static_cast<std::int64_t>(timeline->total)));
  }
  changes.set_or_remove("ready_at", tenant.first_ready_at);
  changes.set_or_remove("mail_owed_since", mail_owed_since(tenant));
  changes.set_or_remove("due_at", tenant.due_at);
  if (tenant.due_at) {
    changes.set("due", text("DUE"));
  } else {
    changes.remove("due");
  }
  write.condition = "#version = :read AND #live = :was_live AND #leased_port = :had_port";
  if (saving.holder) {
    write.condition += " AND #lease_owner = :owner";
    write.values[":owner"] = text(saving.holder->owner);
    if (saving.holder->releases) {
      changes.remove("lease_owner");
      changes.remove("lease_until");
    }
  }
  changes.finish();
  write.values[":read"] = number(static_cast<std::int64_t>(tenant.version));
  write.values[":was_live"] = flag(facts.live);
  write.values[":had_port"] = text(facts.port);
  return write;
}

Write lease_on_row(const Tenant& tenant, const LeaseName& had, const LeaseName& port) {
  return {
      .kind = Write::Kind::update,
      .subject = row_key(tenant.id),
      .update = "SET #leased_port = :port",
      .condition = "#version = :read AND #leased_port = :had",
      .values = {
          {":read", number(static_cast<std::int64_t>(tenant.version))}, {":port", text(port)}, {":had", text(had)}}};
}

}  // namespace slipway::dynamodb
