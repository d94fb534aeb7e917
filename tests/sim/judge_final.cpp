#include <fmt/format.h>

#include <algorithm>

#include "engine/steps.hpp"
#include "model/release.hpp"
#include "tests/sim/judge.hpp"

// The judge's look at the world when everything has come to rest.
namespace slipway::sim {
namespace {

std::string told(const Tenant& t) {
  return fmt::format("{} is {} (wanted: {}; {})", t.id.value(), to_string(t.status), to_string(t.desired),
                     t.reason.empty() ? "no reason" : t.reason);
}

}  // namespace

std::optional<std::string> Judge::unrest() {
  for (const Tenant& t : rows()) {
    const bool tries_for_ever = bad_apps_.contains(t.id) && t.first_ready_at && t.desired == Desired::running;
    if (t.due_at && !tries_for_ever) return told(t) + ", and something is still owed";
    const bool at_rest = is_settled(t) || (tries_for_ever && t.status == Status::healing);
    if (!at_rest && !tries_for_ever) return told(t);
    const auto instance = fakes_.machine->inspect(t.id);
    if (t.desired == Desired::suspended && instance && instance->state == InstanceState::running) {
      return told(t) + ", and its instance runs";
    }
  }
  for (const Resource& r : fakes_.machine->resources()) {
    const auto row = fakes_.store->find(r.tenant);
    if (!row || row->status == Status::deleted || row->status == Status::failed)
      return r.kind + " " + r.name + " is left";
  }
  for (const Resource& r : fakes_.postgres->resources()) {
    if (unknown_.contains(r.tenant)) continue;
    const auto row = fakes_.store->find(r.tenant);
    if (!row || row->status == Status::deleted || row->status == Status::failed)
      return r.kind + " " + r.name + " is left";
  }
  return std::nullopt;
}

bool Judge::quiet() {
  const auto all = rows();
  return std::none_of(all.begin(), all.end(), [&](const Tenant& t) {
    return t.desired == Desired::running && t.first_ready_at && bad_apps_.contains(t.id);
  });
}

void Judge::final_look() {
  look_at_rows_together();
  for (const auto& [id, sign_up] : accepted_) {
    const auto row = fakes_.store->find(id);
    if (!row || row->sign_up.slug != sign_up.slug || row->sign_up.user_id != sign_up.user_id) {
      violated("what was answered 202 survives", id.value());
    }
  }
  for (const TenantId& id : deletions_) {
    const auto row = fakes_.store->find(id);
    if (!row || row->status != Status::deleted) violated("a request is not lost", "deletion of " + id.value());
  }
  for (const Tenant& t : rows()) {
    if (t.status == Status::deleted || t.status == Status::failed) {
      look_at_gone(t);
    } else {
      look_at_live(t);
    }
    look_at_mails(t);
  }
  for (const Resource& r : fakes_.machine->resources()) {
    if (!fakes_.store->find(r.tenant)) violated("nothing is left behind", r.kind + " " + r.name);
  }
  for (const TenantId& id : unknown_) {
    if (!fakes_.postgres->exists(id)) violated("what an unknown tenant has is kept", id.value());
  }
  test::FakeRuntime other(*fakes_.machine, InstallationId("other1"));
  for (const Resource& r : strangers_) {
    if (!other.inspect(r.tenant)) violated("what is not ours is not touched", r.name);
  }
}

void Judge::look_at_live(const Tenant& t) {
  const bool has_one = t.first_ready_at || t.desired == Desired::running;  // not where it was suspended before
  if (has_one && !fakes_.postgres->exists(t.id))
    violated("one database for a tenant", told(t) + ", without a database");
  const auto leases = fakes_.store->ports(whenever);
  const auto of_it = std::count_if(leases.begin(), leases.end(), [&](const PortLease& lease) {
    return lease.status == PortStatus::leased && lease.tenant_id == t.id;
  });
  const bool the_row_s = std::any_of(leases.begin(), leases.end(), [&](const PortLease& lease) {
    return lease.tenant_id == t.id && t.port && lease.port == *t.port;
  });
  // One that was suspended on its way to its first port, or between two of them, has none.
  const bool none_yet = !t.port && t.desired == Desired::suspended && of_it == 0;
  if (!none_yet && (of_it != 1 || !the_row_s))
    violated("one port for a tenant", fmt::format("{} has {}", told(t), of_it));
  if (t.failure.size() > 0) violated("a status is true", told(t) + ", and was given up");

  const auto instance = fakes_.machine->inspect(t.id);
  if (t.desired == Desired::suspended) {
    if (t.status != Status::suspended) violated("a status is true", told(t));
    if (instance && instance->state == InstanceState::running) {
      violated("a suspended tenant does not run", told(t));
    }
    if (fakes_.postgres->is_open(t.id) && !late_databases_.contains(t.id))
      violated("a suspended tenant's database is closed", told(t));
    return;
  }
  look_at_running(t, instance);
}

void Judge::look_at_running(const Tenant& t, const std::optional<Instance>& instance) {
  if (bad_apps_.contains(t.id)) return;  // it goes on trying, whatever it is called meanwhile
  if (t.status != Status::active) return violated("a status is true", told(t));
  if (!fakes_.postgres->is_open(t.id) && !late_databases_.contains(t.id))
    violated("a running tenant's database is open", told(t));
  if (!instance || instance->state != InstanceState::running) {
    return violated("one instance for a tenant", told(t) + ", without a running one");
  }
  const std::string url = access_url(settings_.access, t);
  const bool answers =
      t.port && probe_.ask({"127.0.0.1", *t.port}, url + settings_.app.health_path, Millis(1'000)).ready;
  const auto listener = t.port ? fakes_.machine->listener(*t.port) : std::nullopt;
  const auto release = fakes_.store->object("release", t.release);
  const auto made_from = fakes_.machine->spec(t.id);
  if (!release || release_from_document(release->document).pinned != made_from->image) {
    violated("a customer runs what they were given",
             fmt::format("{}, release '{}', from {}", told(t), t.release, made_from->image));
  }
  if (!answers || listener != t.id) violated("one live URL for a tenant", told(t) + ": " + url + " is not it");
  if (t.restart_done != t.restart_wanted) violated("a request is not lost", "restart of " + t.id.value());
  if (!t.first_ready_at) violated("a status is true", told(t) + ", but was never ready");
}

void Judge::look_at_gone(const Tenant& t) {
  if (t.port) violated("nothing is left behind", told(t) + ", with a port on its row");
  for (const PortLease& lease : fakes_.store->ports(whenever)) {
    if (lease.tenant_id == t.id)
      violated("nothing is left behind", fmt::format("port {} of {}", lease.port.value(), told(t)));
  }
  for (const Resource& r : fakes_.machine->resources()) {
    if (r.tenant == t.id) violated("nothing is left behind", r.kind + " of " + told(t));
  }
  if (!fakes_.postgres->leaves_nothing(t.id)) violated("nothing is left behind", "database of " + told(t));
  if (t.status == Status::failed && t.reason.empty()) violated("a status is true", told(t));
}

void Judge::look_at_mails(const Tenant& t) {
  const std::string welcome = t.id.value() + "/welcome";
  std::size_t arrived = 0;
  for (const auto& sent : fakes_.provider->sent()) {
    if (sent.key.starts_with(welcome)) ++arrived;
  }
  const bool live = t.status != Status::deleted && t.status != Status::failed;
  const bool owed = live && t.first_ready_at && t.desired == Desired::running && !bad_apps_.contains(t.id);
  if (arrived > 1 || (owed && arrived == 0)) {
    violated("one welcome mail for a tenant", fmt::format("{} of {}", arrived, told(t)));
  }
  if (arrived > 0 && !t.first_ready_at) violated("a welcome comes after ready", told(t));
  for (const Mail& mail : t.mails) {
    const auto sent = fakes_.provider->find(mail.key);
    if (mail.state == MailState::sent && !sent) violated("a mail's state is true", mail.key + " was never sent");
    if (mail.state == MailState::failed) violated("a mail's state is true", mail.key + " was given up: " + mail.error);
  }
  if (t.status == Status::failed && find_mail(t, "operator_failure") == nullptr) {
    violated("the operator is told", told(t));
  }
}

}  // namespace slipway::sim
