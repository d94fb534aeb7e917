#include <fmt/format.h>

#include <limits>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "model/tenant.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

// Raised only when an older version must not work on the row; members may come and go without.
constexpr std::int64_t document_format = 1;

std::int64_t millis(TimePoint t) { return t.time_since_epoch().count(); }

// Thrown where a document is whole, but not this version's to understand.
struct Unknown {};

// The members of an object that were not asked for yet: each is given once, and what remains is unknown.
class Members {
 public:
  explicit Members(json::object object) : rest_(std::move(object)) {}

  std::string text(std::string_view key) {
    std::string value = string_at(rest_, key);
    rest_.erase(key);
    return value;
  }

  std::int64_t integer(std::string_view key, std::int64_t fallback = 0) {
    const std::int64_t value = int_at(rest_, key, fallback);
    rest_.erase(key);
    return value;
  }

  double number(std::string_view key) {
    const json::value* found = rest_.if_contains(key);
    const double value = found != nullptr && found->is_number() ? found->to_number<double>() : 0;
    rest_.erase(key);
    return value;
  }

  bool flag(std::string_view key) {
    const bool value = bool_at(rest_, key);
    rest_.erase(key);
    return value;
  }

  TimePoint time(std::string_view key) { return TimePoint(Millis(integer(key))); }

  std::optional<TimePoint> optional_time(std::string_view key) {
    if (!rest_.contains(key)) return std::nullopt;
    return time(key);
  }

  // A number that must fit: one that does not is a torn row, not another port.
  template <class Number>
  Number small(std::string_view key) {
    const std::int64_t value = integer(key);
    if (value < 0 || value > std::int64_t{std::numeric_limits<Number>::max()}) {
      throw Error(ErrorKind::internal, fmt::format("ledger: a tenant's {} is out of range: {}", key, value));
    }
    return static_cast<Number>(value);
  }

  std::optional<Port> port(std::string_view key) {
    if (!rest_.contains(key)) return std::nullopt;
    return Port(small<std::uint16_t>(key));
  }

  template <class E>
  E word(std::string_view key, std::optional<E> (*parse)(std::string_view)) {
    if (!rest_.contains(key)) throw Error(ErrorKind::internal, fmt::format("ledger: a tenant has no {}", key));
    const auto value = parse(text(key));
    if (!value) throw Unknown();
    return *value;
  }

  // One that this version does not know is as good as none: it is only shown.
  ReasonCode reason_code(std::string_view key) { return parse_reason_code(text(key)).value_or(ReasonCode::internal); }

  json::object object(std::string_view key) {
    const auto* found = object_at(rest_, key);
    json::object value = found == nullptr ? json::object() : *found;
    if (found != nullptr) rest_.erase(key);
    return value;
  }

  json::array array(std::string_view key) {
    const auto* found = array_at(rest_, key);
    json::array value = found == nullptr ? json::array() : *found;
    if (found != nullptr) rest_.erase(key);
    return value;
  }

  std::string rest() const { return rest_.empty() ? std::string() : json::serialize(rest_); }

 private:
  json::object rest_;
};

// What `rest` gave goes into the document again; a member that has become known since is this version's.
void add_rest(json::object& document, const std::string& rest) {
  if (rest.empty()) return;
  const json::value members = parse_json(rest, "ledger");
  for (const auto& member : members.as_object()) document.insert(member);
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
  add_rest(o, m.extra);
  return o;
}

Mail mail_from(const json::value& value) {
  if (!value.is_object()) throw Error(ErrorKind::internal, "ledger: one of a tenant's mails is not a JSON object");
  Members o(value.get_object());
  Mail m;
  m.purpose = o.text("purpose");
  m.key = o.text("key");
  m.state = o.word("state", parse_mail_state);
  m.attempts = o.small<unsigned>("attempts");
  m.first_at = o.time("first_at");
  m.not_before = o.time("not_before");
  m.sent_at = o.optional_time("sent_at");
  m.provider_id = o.text("provider_id");
  m.error = o.text("error");
  m.reason = o.text("reason");
  m.extra = o.rest();
  return m;
}

json::object to_json(const Plan& p) {
  return {{"name", p.name.value()},
          {"memory_bytes", p.memory_bytes},
          {"cpus", p.cpus},
          {"pids", p.pids},
          {"db_connections", p.db_connections},
          {"db_statement_timeout", p.db_statement_timeout.count()}};
}

Plan plan_from(json::object object) {
  Members o(std::move(object));
  Plan p;
  p.name = PlanName(o.text("name"));
  p.memory_bytes = static_cast<std::uint64_t>(o.integer("memory_bytes"));
  p.cpus = o.number("cpus");
  p.pids = o.small<std::uint32_t>("pids");
  p.db_connections = o.small<std::uint32_t>("db_connections");
  p.db_statement_timeout = Millis(o.integer("db_statement_timeout"));
  return p;
}

json::object to_json(const Attempt& a) {
  json::object o{
      {"count", a.count}, {"first_at", millis(a.first_at)}, {"not_before", millis(a.not_before)}, {"error", a.error}};
  add_rest(o, a.extra);
  return o;
}

Attempt attempt_from(const json::value& value) {
  if (!value.is_object()) throw Unknown();
  Members o(value.get_object());
  Attempt a{o.small<unsigned>("count"), o.time("first_at"), o.time("not_before"), o.text("error")};
  a.extra = o.rest();
  return a;
}

}  // namespace

std::string to_document(const Tenant& t) {
  if (t.status == Status::unknown) return t.extra;
  json::object o;
  o["v"] = document_format;
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
  if (t.reason_code != ReasonCode::internal) o["reason_code"] = to_string(t.reason_code);
  if (t.port) o["port"] = t.port->value();
  if (t.refused_port) o["refused_port"] = t.refused_port->value();
  if (!t.host.empty()) o["host"] = t.host;
  if (!t.url.empty()) o["url"] = t.url;
  o["database_made"] = t.database_made;
  o["database_closed"] = t.database_closed;
  if (!t.instance_id.empty()) o["instance_id"] = t.instance_id;
  if (!t.release.empty()) o["release"] = t.release;
  if (!t.fingerprint.empty()) o["fingerprint"] = t.fingerprint;
  if (t.upgrade) o["upgrade"] = true;
  if (t.outdated) o["outdated"] = true;
  if (t.given) o["given"] = to_json(*t.given);
  o["started"] = t.started;
  o["proven"] = t.proven;
  o["boots"] = t.boots;
  o["restart_done"] = t.restart_done;
  if (t.boot_at) o["boot_at"] = millis(*t.boot_at);
  if (t.first_ready_at) o["first_ready_at"] = millis(*t.first_ready_at);
  if (t.crashes != 0) o["crashes"] = t.crashes;
  if (!t.failure.empty()) o["failure"] = t.failure;
  if (t.failure_code != ReasonCode::internal) o["failure_code"] = to_string(t.failure_code);
  o["instance_removed"] = t.instance_removed;
  o["database_dropped"] = t.database_dropped;
  if (!t.attempts.empty()) {
    json::object attempts;
    for (const auto& [name, attempt] : t.attempts) attempts[name] = to_json(attempt);
    o["attempts"] = std::move(attempts);
  }
  if (!t.mails.empty()) {
    json::array mails;
    for (const Mail& mail : t.mails) mails.push_back(to_json(mail));
    o["mails"] = std::move(mails);
  }
  add_rest(o, t.extra);
  return json::serialize(o);
}

namespace {

// Who it is, which every format tells in the same words.
void read_identity(Members& o, Tenant& t) {
  t.id = TenantId(o.text("id"));
  t.sign_up.user_id = UserId(o.text("user_id"));
  t.sign_up.slug = Slug(o.text("slug"));
  t.sign_up.admin_email = EmailAddress(o.text("admin_email"));
  t.sign_up.company_name = CompanyName(o.text("company_name"));
  t.sign_up.plan = PlanName(o.text("plan"));
  const json::object metadata = o.object("metadata");
  for (const auto& entry : metadata) {
    t.sign_up.metadata[std::string(entry.key())] = string_at(metadata, entry.key());
  }
  t.created_at = o.time("created_at");
  t.updated_at = o.time("updated_at");
}

void read_progress(Members& o, Tenant& t) {
  t.desired = o.word("desired", parse_desired);
  t.image = o.text("image");
  t.restart_wanted = o.small<std::uint32_t>("restart_wanted");
  t.status = o.word("status", parse_status);
  t.reason = o.text("reason");
  t.reason_code = o.reason_code("reason_code");
  t.port = o.port("port");
  t.refused_port = o.port("refused_port");
  t.host = o.text("host");
  t.url = o.text("url");
  t.database_made = o.flag("database_made");
  t.database_closed = o.flag("database_closed");
  t.instance_id = o.text("instance_id");
  t.release = o.text("release");
  t.fingerprint = o.text("fingerprint");
  t.upgrade = o.flag("upgrade");
  t.outdated = o.flag("outdated");
  if (json::object given = o.object("given"); !given.empty()) t.given = plan_from(std::move(given));
  t.started = o.flag("started");
  t.proven = o.flag("proven");
  t.boots = o.small<std::uint32_t>("boots");
  t.restart_done = o.small<std::uint32_t>("restart_done");
  t.boot_at = o.optional_time("boot_at");
  t.first_ready_at = o.optional_time("first_ready_at");
  t.crashes = o.small<unsigned>("crashes");
  t.failure = o.text("failure");
  t.failure_code = o.reason_code("failure_code");
  t.instance_removed = o.flag("instance_removed");
  t.database_dropped = o.flag("database_dropped");
  for (const auto& [name, attempt] : o.object("attempts")) t.attempts.add(name, attempt_from(attempt));
  for (const json::value& mail : o.array("mails")) t.mails.push_back(mail_from(mail));
}

}  // namespace

Tenant from_document(std::string_view document) {
  json::value value = parse_json(document, "ledger");
  if (!value.is_object()) throw Error(ErrorKind::internal, "ledger: a tenant's document is not a JSON object");
  Members o(std::move(value.get_object()));
  Tenant t;
  read_identity(o, t);
  try {
    if (o.integer("v", document_format) > document_format) throw Unknown();
    read_progress(o, t);
    t.extra = o.rest();
  } catch (const Unknown&) {
    t.status = Status::unknown;
    t.extra = document;
  }
  return t;
}

}  // namespace slipway
