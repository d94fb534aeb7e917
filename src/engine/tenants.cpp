#include "engine/tenants.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/id.hpp"
#include "model/address_label.hpp"

namespace slipway {
namespace {

constexpr int change_retry_limit = 64;

void check_reserved(const Settings& settings, const Slug& slug) {
  const auto& reserved = settings.reserved_slugs;
  if (std::find(reserved.begin(), reserved.end(), slug.value()) == reserved.end()) return;
  const std::string why = fmt::format("'{}' is reserved; choose another", slug.value());
  throw Error(ErrorKind::invalid, "subdomain: " + why).on("subdomain", why);
}

// A name that leads to another address than ours: its customer would open something else. Who has one keeps it.
void check_address(const Settings& settings, Store& store, const Slug& slug) {
  const bool elsewhere =
      holds_address(slug.value()) || (settings.access.domain != "localhost" && holds_hex_address(slug.value()));
  if (!elsewhere || store.find_slug(slug)) return;
  const std::string why =
      fmt::format("'{}' reads as an IP address, to which its URL would lead; choose another", slug.value());
  throw Error(ErrorKind::invalid, "subdomain: " + why).on("subdomain", why);
}

[[noreturn]] void refuse(const Tenant& t, std::string_view action, std::string_view advice) {
  throw Error(ErrorKind::conflict, fmt::format("tenant {} is {}, so it cannot be {}; {}", t.id.value(),
                                               to_string(t.status), action, advice));
}

void check_alive(const Tenant& t, std::string_view action) {
  if (t.desired == Desired::deleted) refuse(t, action, "a deleted tenant stays deleted: sign up anew");
  if (!t.failure.empty()) refuse(t, action, "retry or delete it");
}

// The next start looks after the database too: its role may have been changed.
void forget_troubles(Tenant& t) {
  t.database_made = false;
  t.attempts.clear();
  t.crashes = 0;
  t.reason.clear();
}

// Starts a failed provisioning from the beginning; makes any other tenant try now what it is waiting for.
void retry(Tenant& t) {
  if (t.desired == Desired::deleted) refuse(t, "retried", "a deleted tenant stays deleted: sign up anew");
  if (!t.failure.empty() && t.status != Status::failed) {
    refuse(t, "retried", "what was made for it is still being taken back: try again in a moment");
  }
  if (t.desired == Desired::suspended) refuse(t, "retried", "resume it");
  if (t.status == Status::failed) {
    t.begin_anew();
    t.status = Status::provisioning;
  }
  forget_troubles(t);
  for (Mail& mail : t.mails) {
    if (mail.state == MailState::failed) mail.state = MailState::pending;
    if (mail.state != MailState::pending) continue;
    mail.first_at = mail.not_before = TimePoint();
    mail.attempts = 0;
  }
}

// Changes what is wanted of the row, and what it is called from now on. False where nothing is to be changed.
void restart(Tenant& t) {
  ++t.restart_wanted;
  if (t.first_ready_at) t.status = Status::restarting;
  forget_troubles(t);
}

bool apply(Tenant& t, Action action) {
  if (t.status == Status::unknown) {
    throw Error(ErrorKind::conflict,
                fmt::format("tenant {} was written by a newer version of Slipway, which this one must leave alone; run "
                            "the newer one",
                            t.id.value()));
  }
  switch (action) {
    case Action::suspend:
      check_alive(t, "suspended");
      if (t.desired == Desired::suspended) return false;
      t.desired = Desired::suspended;
      t.database_closed = false;
      t.status = Status::suspending;
      return true;
    case Action::resume:
      check_alive(t, "resumed");
      if (t.desired == Desired::running) return false;
      t.desired = Desired::running;
      t.status = t.first_ready_at ? Status::resuming : Status::provisioning;
      forget_troubles(t);
      return true;
    case Action::restart:
      check_alive(t, "restarted");
      if (t.desired == Desired::suspended) refuse(t, "restarted", "resume it");
      restart(t);
      return true;
    case Action::apply:
      check_alive(t, "changed");
      if (!t.outdated || t.desired == Desired::suspended) return false;  // it is taken up with the next start
      restart(t);
      return true;
    case Action::upgrade:
      check_alive(t, "upgraded");
      t.upgrade = true;
      if (t.desired == Desired::running) restart(t);
      return true;
    case Action::retry:
      retry(t);
      return true;
    case Action::remove:
      if (t.desired == Desired::deleted) return false;
      t.desired = Desired::deleted;
      t.status = Status::deleting;
      t.attempts.clear();
      return true;
  }
  return false;
}

std::string_view words_for(Action action) {
  switch (action) {
    case Action::suspend:
      return "suspension requested";
    case Action::resume:
      return "resumption requested";
    case Action::restart:
      return "restart requested";
    case Action::apply:
      return "restart requested, for what has changed in its settings";
    case Action::upgrade:
      return "upgrade requested, to the app as it is configured now";
    case Action::retry:
      return "retry requested";
    case Action::remove:
      return "deletion requested";
  }
  return "request";
}

}  // namespace

SignUpResult Tenants::sign_up(const SignUp& request, const std::optional<IdempotencyKey>& key,
                              const std::string& body_hash, std::optional<AuditEntry> audit) {
  check_reserved(settings_, request.slug);
  check_address(settings_, world_.store, request.slug);
  plan_named(settings_, request.plan);
  const TimePoint now = world_.clock.now();
  NewTenant wanted;
  wanted.tenant.id = TenantId(new_id("t_", now, world_.random));
  wanted.tenant.sign_up = request;
  if (request.user_id.value().empty()) wanted.tenant.sign_up.user_id = UserId(new_id("u_", now, world_.random));
  wanted.tenant.created_at = wanted.tenant.updated_at = now;
  wanted.tenant.due_at = now;
  wanted.tenant.image = settings_.app.image;
  wanted.key = key;
  wanted.body_hash = body_hash;
  wanted.audit = std::move(audit);
  if (wanted.audit) wanted.audit->target = wanted.tenant.id.value();
  wanted.event = {0, now, "signed_up", "", "sign-up accepted", std::nullopt};
  auto result = world_.store.sign_up(wanted, now);
  if (const auto* created = std::get_if<Created>(&result)) wake_(created->tenant.id);
  if (const auto* existing = std::get_if<Existing>(&result)) {
    // Who accepted it may have been ended before it could wake anybody.
    if (existing->tenant.due_at && *existing->tenant.due_at <= now) wake_(existing->tenant.id);
  }
  return result;
}

Tenant Tenants::change(const TenantId& id, Action action) {
  for (int i = 0; i < change_retry_limit; ++i) {
    auto tenant = world_.store.find(id);
    if (!tenant) throw Error(ErrorKind::not_found, fmt::format("there is no tenant {}", id.value()));
    const TimePoint now = world_.clock.now();
    const Status before = tenant->status;
    if (!apply(*tenant, action)) return *tenant;
    tenant->updated_at = tenant->due_at.emplace(now);
    std::vector<Event> events{{0, now, "request", "", std::string(words_for(action)), std::nullopt}};
    if (tenant->status != before) {
      events.push_back({0, now, "status", "", std::string(to_string(tenant->status)), std::nullopt});
    }
    if (world_.store.save(*tenant, events, {})) {
      wake_(id);
      return *tenant;
    }
  }
  throw Error(ErrorKind::unavailable, fmt::format("tenant {} is changing too fast; try again", id.value()));
}

}  // namespace slipway
