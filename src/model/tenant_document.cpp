#include <fmt/format.h>

#include <limits>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "model/tenant.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

std::int64_t millis(TimePoint t) { return t.time_since_epoch().count(); }
TimePoint time_at(const json::object& o, std::string_view key) { return TimePoint(Millis(int_at(o, key))); }

std::optional<TimePoint> optional_time_at(const json::object& o, std::string_view key) {
  if (!o.contains(key)) return std::nullopt;
  return time_at(o, key);
}

// A number that must fit: one that does not is a torn row, not another port.
template <class Number>
Number small_at(const json::object& o, std::string_view key) {
  const std::int64_t value = int_at(o, key);
  if (value < 0 || value > std::int64_t{std::numeric_limits<Number>::max()}) {
    throw Error(ErrorKind::internal, fmt::format("ledger: a tenant's {} is out of range: {}", key, value));
  }
  return static_cast<Number>(value);
}

template <class E>
E enum_at(const json::object& o, std::string_view key, std::optional<E> (*parse)(std::string_view)) {
  const std::string text = string_at(o, key);
  const auto value = parse(text);
  if (!value)
    throw Error(ErrorKind::internal,
                "ledger: a tenant's " + std::string(key) + " is unknown: " + without_controls(text));
  return *value;
}

std::optional<MailState> parse_mail_state(std::string_view text) {
  for (const auto state : {MailState::pending, MailState::sent, MailState::failed}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

json::object to_json(const Mail& m) {
  json::object o{{"purpose", m.purpose},           {"key", m.key},
                 {"state", to_string(m.state)},    {"attempts", m.attempts},
                 {"first_at", millis(m.first_at)}, {"not_before", millis(m.not_before)}};
  if (m.sent_at) o["sent_at"] = millis(*m.sent_at);
  if (!m.provider_id.empty()) o["provider_id"] = m.provider_id;
  if (!m.error.empty()) o["error"] = m.error;
  if (!m.reason.empty()) o["reason"] = m.reason;
  return o;
}

Mail mail_from(const json::object& o) {
  Mail m;
  m.purpose = string_at(o, "purpose");
  m.key = string_at(o, "key");
  m.state = enum_at(o, "state", parse_mail_state);
  m.attempts = small_at<unsigned>(o, "attempts");
  m.first_at = time_at(o, "first_at");
  m.not_before = time_at(o, "not_before");
  m.sent_at = optional_time_at(o, "sent_at");
  m.provider_id = string_at(o, "provider_id");
  m.error = string_at(o, "error");
  m.reason = string_at(o, "reason");
  return m;
}

json::object to_json(const Attempt& a) {
  return {
      {"count", a.count}, {"first_at", millis(a.first_at)}, {"not_before", millis(a.not_before)}, {"error", a.error}};
}

Attempt attempt_from(const json::object& o) {
  return {small_at<unsigned>(o, "count"), time_at(o, "first_at"), time_at(o, "not_before"), string_at(o, "error")};
}

}  // namespace

std::string to_document(const Tenant& t) {
  json::object o;
  o["id"] = t.id.value();
  o["user_id"] = t.sign_up.user_id.value();
  o["slug"] = t.sign_up.slug.value();
  o["admin_email"] = t.sign_up.admin_email.value();
  o["company_name"] = t.sign_up.company_name.value();
  o["plan"] = t.sign_up.plan.value();
  if (!t.sign_up.metadata.empty()) {
    json::object metadata;
    for (const auto& [key, value] : t.sign_up.metadata) metadata[key] = value;
    o["metadata"] = std::move(metadata);
  }
  o["created_at"] = millis(t.created_at);
  o["updated_at"] = millis(t.updated_at);
  o["desired"] = to_string(t.desired);
  o["image"] = t.image;
  o["restart_wanted"] = t.restart_wanted;
  o["status"] = to_string(t.status);
  if (!t.reason.empty()) o["reason"] = t.reason;
  if (t.port) o["port"] = t.port->value();
  if (t.refused_port) o["refused_port"] = t.refused_port->value();
  if (!t.host.empty()) o["host"] = t.host;
  o["database_made"] = t.database_made;
  if (!t.instance_id.empty()) o["instance_id"] = t.instance_id;
  o["started"] = t.started;
  o["proven"] = t.proven;
  o["boots"] = t.boots;
  o["restart_done"] = t.restart_done;
  if (t.boot_at) o["boot_at"] = millis(*t.boot_at);
  if (t.first_ready_at) o["first_ready_at"] = millis(*t.first_ready_at);
  if (t.crashes != 0) o["crashes"] = t.crashes;
  if (!t.failure.empty()) o["failure"] = t.failure;
  o["instance_removed"] = t.instance_removed;
  o["database_dropped"] = t.database_dropped;
  if (!t.attempts.empty()) {
    json::object attempts;
    for (const auto& [step, attempt] : t.attempts) attempts[to_string(step)] = to_json(attempt);
    o["attempts"] = std::move(attempts);
  }
  if (!t.mails.empty()) {
    json::array mails;
    for (const Mail& mail : t.mails) mails.push_back(to_json(mail));
    o["mails"] = std::move(mails);
  }
  return json::serialize(o);
}

Tenant from_document(std::string_view document) {
  const json::value value = parse_json(document, "ledger");
  if (!value.is_object()) throw Error(ErrorKind::internal, "ledger: a tenant's document is not a JSON object");
  const json::object& o = value.get_object();
  Tenant t;
  t.id = TenantId(string_at(o, "id"));
  t.sign_up.user_id = UserId(string_at(o, "user_id"));
  t.sign_up.slug = Slug(string_at(o, "slug"));
  t.sign_up.admin_email = EmailAddress(string_at(o, "admin_email"));
  t.sign_up.company_name = CompanyName(string_at(o, "company_name"));
  t.sign_up.plan = PlanName(string_at(o, "plan"));
  if (const auto* metadata = object_at(o, "metadata")) {
    for (const auto& entry : *metadata)
      t.sign_up.metadata[std::string(entry.key())] = string_at(*metadata, entry.key());
  }
  t.created_at = time_at(o, "created_at");
  t.updated_at = time_at(o, "updated_at");
  t.desired = enum_at(o, "desired", parse_desired);
  t.image = string_at(o, "image");
  t.restart_wanted = small_at<std::uint32_t>(o, "restart_wanted");
  t.status = enum_at(o, "status", parse_status);
  t.reason = string_at(o, "reason");
  if (o.contains("port")) t.port = Port(small_at<std::uint16_t>(o, "port"));
  if (o.contains("refused_port")) t.refused_port = Port(small_at<std::uint16_t>(o, "refused_port"));
  t.host = string_at(o, "host");
  t.database_made = bool_at(o, "database_made");
  t.instance_id = string_at(o, "instance_id");
  t.started = bool_at(o, "started");
  t.proven = bool_at(o, "proven");
  t.boots = small_at<std::uint32_t>(o, "boots");
  t.restart_done = small_at<std::uint32_t>(o, "restart_done");
  t.boot_at = optional_time_at(o, "boot_at");
  t.first_ready_at = optional_time_at(o, "first_ready_at");
  t.crashes = small_at<unsigned>(o, "crashes");
  t.failure = string_at(o, "failure");
  t.instance_removed = bool_at(o, "instance_removed");
  t.database_dropped = bool_at(o, "database_dropped");
  if (const auto* attempts = object_at(o, "attempts")) {
    for (const auto& entry : *attempts) {
      const auto step = parse_step(entry.key());
      if (step && entry.value().is_object()) t.attempts[*step] = attempt_from(entry.value().get_object());
    }
  }
  if (const auto* mails = array_at(o, "mails")) {
    for (const auto& mail : *mails) {
      if (!mail.is_object()) throw Error(ErrorKind::internal, "ledger: one of a tenant's mails is not a JSON object");
      t.mails.push_back(mail_from(mail.get_object()));
    }
  }
  return t;
}

}  // namespace slipway
