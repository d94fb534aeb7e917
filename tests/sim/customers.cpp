#include "tests/sim/customers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace slipway::sim {
namespace {

constexpr unsigned tries_most = 4;
constexpr unsigned slugs = 4;
constexpr unsigned users = 5;

std::string_view to_string(Action action) {
  constexpr std::string_view names[] = {"suspend", "resume", "restart", "apply", "upgrade", "retry", "delete"};
  return names[static_cast<std::size_t>(action)];
}

}  // namespace

void Customers::enter(Millis period) {
  Chance& chance = scene_.stage.chance;
  const auto at_some_time = [&] { return chance.between(Millis(0), period); };
  const auto forms = static_cast<unsigned>(chance.between(2, 5));
  for (unsigned i = 0; i < forms; ++i) {
    const Form form = make_form(i);
    // Most come early, so that there is something to disturb; repeats come at any time.
    const Millis first = chance.between(Millis(0), period / 4);
    scene_.stage.enter(
        Part::customer, nullptr, [this, form] { send(form); }, first);
    const std::uint64_t repeats = chance.below(3);
    for (std::uint64_t r = 0; r < repeats; ++r) {
      const Millis later = chance.half() ? first + chance.between(Millis(0), Millis(500)) : at_some_time();
      scene_.stage.enter(
          Part::customer, nullptr, [this, form] { send(form); }, later);
    }
  }
  const std::uint64_t operations = chance.between(2, 14);
  for (std::uint64_t i = 0; i < operations; ++i) {
    constexpr Action actions[] = {Action::suspend, Action::suspend, Action::resume, Action::resume, Action::restart,
                                  Action::apply,   Action::upgrade, Action::retry,  Action::retry,  Action::remove};
    const Action action = chance.pick(actions);
    scene_.stage.enter(
        Part::customer, nullptr, [this, action] { operate(action); }, at_some_time());
  }
}

// Users, subdomains and keys out of few, so that they meet: the same user with another subdomain, the same key with
// another body, and so on.
Customers::Form Customers::make_form(unsigned number) {
  Chance& chance = scene_.stage.chance;
  const bool apart = !chance.one_of_thousand(300);
  const unsigned slug = apart ? number : static_cast<unsigned>(chance.below(slugs));
  const unsigned user = apart ? number : static_cast<unsigned>(chance.below(users));
  Form form;
  const std::string name = fmt::format("shop{}", slug);
  form.sign_up = {UserId(fmt::format("user{}", user)), Slug(name),          EmailAddress(name + "@example.com"),
                  CompanyName(name + " Inc"),          PlanName("default"), {}};
  form.body_hash = fmt::format("{}/{}", slug, user);
  if (!chance.one_of_thousand(250)) {
    const auto key = chance.one_of_thousand(900) ? number : chance.below(number + 1);
    form.key = IdempotencyKey(fmt::format("key{}", key));
  }
  return form;
}

// True when the request has been answered, with whatever it was; false where the connection broke.
bool Customers::ask(const std::function<void(Process&)>& request) {
  Process* process = find_process_();
  if (process == nullptr) return false;
  Actor& self = scene_.stage.current();
  Stage::move(self, process);
  bool answered = false;
  try {
    request(*process);
    answered = true;
  } catch (const Error& error) {
    answered = !error.retryable();
    scene_.stage.note("answer", error.message());
  } catch (const Crashed&) {
    scene_.stage.note("no answer");
  }
  Stage::move(self, nullptr);
  return answered;
}

void Customers::send(const Form& form) {
  for (unsigned i = 0; i < tries_most; ++i) {
    const bool answered = ask([&](Process& process) {
      const SignUpResult result = process.tenants().sign_up(form.sign_up, form.key, form.body_hash);
      const auto took = [&](const Tenant& tenant, std::string_view how) {
        scene_.stage.note("answer", tenant.id.value(), how);
        scene_.judge.answered(form.sign_up, form.key, form.body_hash, tenant);
        if (std::find(known_.begin(), known_.end(), tenant.id) == known_.end()) known_.push_back(tenant.id);
      };
      if (const auto* created = std::get_if<Created>(&result)) took(created->tenant, "created");
      if (const auto* existing = std::get_if<Existing>(&result)) took(existing->tenant, "existing");
      if (const auto* refused = std::get_if<Refused>(&result)) scene_.stage.note("answer", refused->field, "refused");
    });
    if (answered) return;
    scene_.stage.pause(scene_.stage.chance.between(Millis(10), Millis(5'000)));
  }
}

void Customers::operate(Action action) {
  if (known_.empty()) return;
  const TenantId id = scene_.stage.chance.pick(known_);
  for (unsigned i = 0; i < tries_most; ++i) {
    const bool answered = ask([&](Process& process) {
      scene_.stage.note(to_string(action), id.value());
      process.tenants().change(id, action);
      scene_.stage.note("answer", id.value(), "done");
      if (action == Action::remove) scene_.judge.deletion_accepted(id);
    });
    if (answered) return;
    scene_.stage.pause(scene_.stage.chance.between(Millis(10), Millis(5'000)));
  }
}

}  // namespace slipway::sim
