#include "tests/sim/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/settings.hpp"

namespace slipway::sim {
namespace {

constexpr std::size_t violations_limit = 20;

bool finished(const Tenant& t) { return t.status == Status::deleted || t.status == Status::failed; }

// Nobody asked for anything but that it runs, and as far as the ledger knows it does.
bool healthy(const Tenant& t) {
  return t.desired == Desired::running && t.failure.empty() && t.restart_wanted == t.restart_done && t.started &&
         t.proven;
}

}  // namespace

void Judge::violated(const std::string& promise, const std::string& what) {
  stage_.note("VIOLATED", promise, what);
  if (violations_.size() < violations_limit) violations_.push_back(promise + ": " + what);
}

bool Judge::holds(const std::string& owner, const TenantId& id) const {
  const auto lease = leases_.find(id);
  return lease != leases_.end() && lease->second.owner == owner && lease->second.until > stage_.clock.now();
}

void Judge::claimed(const Tenant& row, const Lease& lease, TimePoint now) {
  const TenantId& id = row.id;
  if (stage_.current().root->part == Part::worker) heeded_[{lease.owner, id}] = requests_[id];
  const auto known = leases_.find(id);
  if (known != leases_.end() && known->second.owner != lease.owner && known->second.until > now) {
    violated("one lease for a tenant",
             fmt::format("{} was leased to {} while {} held it", id.value(), lease.owner, known->second.owner));
  }
  leases_[id] = lease;
}

void Judge::released(const TenantId& id, const std::string& owner) {
  const auto lease = leases_.find(id);
  if (lease != leases_.end() && lease->second.owner == owner) leases_.erase(lease);
}

void Judge::saved(const std::optional<Tenant>& before, const Tenant& wanted, bool releases, const std::string& owner) {
  const auto after = fakes_.store->find(wanted.id);
  if (!before || !after) return violated("what was answered 202 survives", "row " + wanted.id.value() + " is gone");
  if (after->version != before->version + 1) {
    violated("versions ascend",
             fmt::format("{} went from {} to {}", wanted.id.value(), before->version, after->version));
  }
  const bool asked = stage_.current().root->part == Part::customer;
  const auto lease = leases_.find(wanted.id);
  const bool works = stage_.current().root->part == Part::worker;
  if (works && (lease == leases_.end() || lease->second.owner != owner)) {
    violated("only who holds the lease writes", fmt::format("{} was written by {}", wanted.id.value(), owner));
  }
  asked ? ++requests_[wanted.id] : heeded_[{owner, wanted.id}] = requests_[wanted.id];
  if (!asked && (after->desired != before->desired || after->restart_wanted < before->restart_wanted)) {
    violated("a request is not lost", fmt::format("a worker changed what is wanted of {}: {} to {}", wanted.id.value(),
                                                  to_string(before->desired), to_string(after->desired)));
  }
  if (before->desired == Desired::deleted && after->desired != Desired::deleted) {
    violated("what is deleted stays deleted", wanted.id.value());
  }
  if (before->failure.empty() && !after->failure.empty() && !just_failure(*after)) {
    violated("no sign-up fails without need", wanted.id.value() + ": " + after->failure);
  }
  if (before->failure.empty() && !after->failure.empty() && before->desired != Desired::running) {
    violated("what nobody wants is not given up", wanted.id.value() + ": " + after->failure);
  }
  if (before->first_ready_at && !after->failure.empty()) {
    violated("what was ready is never given up", wanted.id.value() + ": " + after->failure);
  }
  if (releases && lease != leases_.end()) leases_.erase(lease);
}

// A provisioning may be given up for what the app or the founder did, and for nothing that the world does.
bool Judge::just_failure(const Tenant& after) {
  for (const std::string_view reason : {"no such image", "it never answered", "did not answer"}) {
    if (after.failure.find(reason) != std::string::npos) return true;
  }
  return false;
}

void Judge::signed_up(const SignUpResult& result) {
  if (!std::holds_alternative<Created>(result)) return;
  const Tenant& created = std::get<Created>(result).tenant;
  if (!fakes_.store->find(created.id)) violated("what was answered 202 survives", created.id.value() + " has no row");
  look_at_rows_together();
}

void Judge::acts(const TenantId& id, const std::string& owner) {
  const Actor& root = *stage_.current().root;
  if (root.part != Part::worker) return;
  if (!holds(owner, id)) ++late_effects_;
  for (const auto& other : stage_.actors()) {
    if (other->root == other.get() && other.get() != &root && other->part == Part::worker && other->tenant == id &&
        other->process == root.process && !root.process->dead) {
      violated("one worker of a process for a tenant", id.value());
    }
  }
}

void Judge::opens_or_closes(const TenantId& id, const std::string& owner) {
  if (holds(owner, id)) {
    late_databases_.erase(id);
  } else {
    late_databases_.insert(id);
  }
}

void Judge::ends_instance(const TenantId& id, const std::string& owner) {
  ++disturbances_;
  const auto instance = fakes_.machine->inspect(id);
  const auto row = fakes_.store->find(id);
  if (!instance || instance->state != InstanceState::running || !row || !healthy(*row)) return;
  // Somebody asked while the worker was on its way, and asked otherwise a moment later.
  if (heeded_[{owner, id}] != requests_[id]) return;
  if (holds(owner, id)) violated("a running tenant is not disturbed", id.value() + " was stopped by its worker");
}

void Judge::destroys_data(const TenantId& id) {
  gone_at_[id] = stage_.clock.now();
  const auto row = fakes_.store->find(id);
  if (row && row->first_ready_at && row->desired != Desired::deleted) {
    violated("a customer's data is not destroyed", id.value());
  }
}

void Judge::appears(const std::string& kind, const TenantId& id) {
  ++disturbances_;
  const auto gone = gone_at_.find(id);
  made_[{kind, id}] = {stage_.clock.now(), gone == gone_at_.end() ? std::nullopt : std::optional(gone->second)};
}

void Judge::swept(const std::string& owner, TimePoint began, bool whole) {
  sweeps_[owner].push_back({began, stage_.clock.now(), whole});
}

// A process that saw a thing before it was taken away, and has not looked since, takes another one of the same name for
// it: a sweep knows things by their names only.
bool Judge::may_take_for_an_older_one(const Made& made, const std::string& owner) const {
  const auto sweeps = sweeps_.find(owner);
  if (!made.gone || sweeps == sweeps_.end() || sweeps->second.front().began > *made.gone) return false;
  return std::none_of(sweeps->second.begin(), sweeps->second.end(), [&](const Sweep& sweep) {
    return sweep.whole && sweep.began > *made.gone && sweep.ended <= made.at;
  });
}

void Judge::discards(const Resource& resource, const std::string& owner) {
  ++disturbances_;
  const auto row = fakes_.store->find(resource.tenant);
  const std::string name = resource.kind + " " + resource.name;
  if (row && !finished(*row) && !holds(owner + "/sweep", resource.tenant))
    violated("a sweep takes nothing of a live tenant", name);
  if (resource.kind == "database" || resource.kind == "role" || resource.kind == "volume") {
    destroys_data(resource.tenant);
  }
  const auto made = made_.find({resource.kind, resource.tenant});
  if (made != made_.end() && stage_.clock.now() - made->second.at < settings_.orphan_grace &&
      !may_take_for_an_older_one(made->second, owner)) {
    violated("an orphan has its grace", name);
  }
}

void Judge::starts_again(const TenantId& id) {
  violated("a running tenant is not disturbed", id.value() + " was started");
}

void Judge::answered(const SignUp& request, const std::optional<IdempotencyKey>& key, const std::string& body_hash,
                     const Tenant& tenant) {
  if (tenant.sign_up.user_id != request.user_id || tenant.sign_up.slug != request.slug) {
    violated("an answer is about the request", tenant.id.value());
  }
  accepted_[tenant.id] = tenant.sign_up;
  if (!key) return;
  const auto [known, fresh] = keys_.try_emplace(*key, Known{body_hash, tenant.id});
  if (!fresh && (known->second.tenant != tenant.id || known->second.body_hash != body_hash)) {
    violated("a repeated request is one request",
             fmt::format("key {} made {} and {}", key->value(), known->second.tenant.value(), tenant.id.value()));
  }
}

// The one thing that a late step can harm: a tenant that was failed and is provisioned anew under the same names. So
// nobody here asks for a retry while somebody still works on the tenant. See tests/sim/README.md.
bool Judge::retry_is_safe(const TenantId& id) const {
  return std::none_of(stage_.actors().begin(), stage_.actors().end(),
                      [&](const auto& actor) { return actor->part != Part::customer && actor->tenant == id; });
}

std::vector<Tenant> Judge::rows() {
  TenantFilter all;
  all.limit = 1'000;
  return fakes_.store->list(all);
}

std::vector<TenantId> Judge::deleted_tenants() {
  std::vector<TenantId> ids;
  for (const Tenant& t : rows()) {
    if (t.status == Status::deleted) ids.push_back(t.id);
  }
  return ids;
}

// No user, subdomain or port twice.
void Judge::look_at_rows_together() {
  std::set<UserId> users;
  std::set<Slug> slugs;
  std::set<Port> ports;
  for (const Tenant& t : rows()) {
    if (t.status == Status::deleted) continue;
    if (!users.insert(t.sign_up.user_id).second) violated("one tenant for a user", t.sign_up.user_id.value());
    if (!slugs.insert(t.sign_up.slug).second) violated("one tenant for a subdomain", t.sign_up.slug.value());
    if (t.port && !ports.insert(*t.port).second) {
      violated("one tenant for a port", fmt::format("{} of {}", t.port->value(), t.id.value()));
    }
  }
}

}  // namespace slipway::sim
