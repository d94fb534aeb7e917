#include "engine/reconciler.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/welcome.hpp"
#include "model/giving_up.hpp"
#include "model/goal.hpp"

namespace slipway {
namespace {

constexpr Millis between_tellings{1'800'000};
constexpr Millis unmoved_poll{1'000};  // where a step has succeeded and changed nothing, so that it is decided on again
constexpr Millis boot_poll{1'000};     // between two looks whether there is room for a boot
constexpr int round_limit = 64;        // of one call; then the tenant queues again behind the others
constexpr int save_retry_limit = 16;

// What a customer may know of a step that failed.
ReasonCode code_of(Step step, ErrorKind kind) {
  const bool passing = kind == ErrorKind::unavailable;
  switch (step) {
    case Step::create_database:
    case Step::close_database:
    case Step::drop_database:
      return ReasonCode::database_unavailable;
    case Step::create_instance:
      return passing ? ReasonCode::waiting : ReasonCode::image_unavailable;
    case Step::start_instance:
      if (kind == ErrorKind::limited) return ReasonCode::no_room;
      return passing ? ReasonCode::waiting : ReasonCode::app_not_started;
    case Step::lease_port:
      return kind == ErrorKind::limited ? ReasonCode::no_room : ReasonCode::internal;
    default:
      return passing ? ReasonCode::waiting : ReasonCode::internal;
  }
}

bool is_retry(Step step, const Tenant& t) {
  if (step != Step::send_mail) return t.attempts.contains(step);
  return std::any_of(t.mails.begin(), t.mails.end(),
                     [](const Mail& mail) { return mail.state == MailState::pending && mail.attempts > 0; });
}

}  // namespace

// What one round of steps found out: patches for the row, lines for the timeline.
struct Reconciler::Changes {
  std::vector<std::function<void(Tenant&)>> patches;
  std::vector<Event> events;
  std::optional<Millis> ask_again;
  bool if_unchanged = false;

  void add(StepResult result) {
    if (result.patch) patches.push_back(std::move(result.patch));
    events.insert(events.end(), result.events.begin(), result.events.end());
    if_unchanged = if_unchanged || result.if_unchanged;
    if (result.ask_again) ask_again = ask_again ? std::min(*ask_again, *result.ask_again) : result.ask_again;
  }
};

Reconciler::Outcome Reconciler::reconcile(Tenant& tenant, const std::string& owner, Lane lane) {
  if (tenant.status == Status::unknown) {
    world_.store.release(tenant.id, owner);
    return {};
  }
  const Outcome outcome = go_round(tenant, owner, lane);
  if (boots_ != nullptr) count_boot(tenant, outcome);
  return outcome;
}

// Whoever boots counts until it has answered or ended; whoever waits for its turn keeps its place.
void Reconciler::count_boot(const Tenant& tenant, const Outcome& outcome) const {
  const bool wanted = goal_of(tenant) == Goal::running;
  if (wanted && tenant.started && !tenant.proven) {
    boots_->note(tenant.id, tenant.boot_at.value_or(world_.clock.now()));
  } else if (!wanted || tenant.proven || !outcome.lease_kept) {
    boots_->leave(tenant.id);
  }
}

Lane Reconciler::lane_of(const Tenant& tenant, const std::vector<Step>& steps) const {
  Lane lane = Lane::quick;
  for (const Step step : steps) {
    lane = std::max(lane, row_of(step).lane);
    if (step == Step::create_instance && pulls(tenant)) lane = Lane::bulk;
    if (step == Step::probe && probe_is_slow(tenant)) lane = std::max(lane, Lane::engine);
  }
  return lane;
}

// An app that has been booting for a while is given time to answer, which must not hold up those who are quick.
bool Reconciler::probe_is_slow(const Tenant& tenant) const {
  return tenant.boot_at && 2 * (world_.clock.now() - *tenant.boot_at) > shortest_probe;
}

// Where the runtime does not answer, the step itself says so.
bool Reconciler::pulls(const Tenant& tenant) const {
  try {
    const bool keeps = tenant.first_ready_at && !tenant.upgrade;
    return world_.runtime.must_pull(keeps ? tenant.image : settings_.app.image);
  } catch (const Error&) {
    return false;
  }
}

// What must not be done here and now: steps of a slower lane, and a boot while others have the machine. Nothing is
// returned where there is something to do at once.
std::optional<Reconciler::Outcome> Reconciler::wait_for_turn(Tenant& tenant, Decision& decision,
                                                             const std::string& owner, Lane lane) {
  const Lane needed = lane_of(tenant, decision.steps);
  Outcome wait{true, world_.clock.now(), needed};
  if (needed <= lane) {
    const auto start = std::find(decision.steps.begin(), decision.steps.end(), Step::start_instance);
    if (start == decision.steps.end() || boots_ == nullptr) return std::nullopt;
    if (boots_->enter(tenant.id, plan_of(settings_, tenant).memory_bytes)) return std::nullopt;
    decision.steps.erase(start);
    if (!decision.steps.empty()) return std::nullopt;
    wait = {true, world_.clock.now() + boot_poll, Lane::quick};
  }
  // What was asked for is shown before something slow is begun.
  if (tenant.status == decision.status) return wait;
  Changes shown;
  shown.patches.push_back([status = decision.status](Tenant& t) { t.status = status; });
  return save(tenant, shown, owner) ? wait : Outcome{};
}

Reconciler::Outcome Reconciler::go_round(Tenant& tenant, const std::string& owner, Lane lane) {
  world_.runtime.begin(tenant.id);
  std::vector<Step> done_before;
  for (int round = 0; round < round_limit; ++round) {
    Changes changes;
    bool blind = false;
    const auto instance = inspect(tenant, changes, blind);
    const TimePoint now = world_.clock.now();
    Decision decision =
        blind ? next_steps_blind(tenant, settings_.policy, now) : next_steps(tenant, instance, settings_.policy, now);
    if (decision.steps.empty() && changes.patches.empty()) {
      if (const auto outcome = finish(tenant, decision, owner)) return *outcome;
      continue;
    }
    if (!decision.steps.empty()) {
      if (const auto wait = wait_for_turn(tenant, decision, owner, lane)) return *wait;
      Changes performed = perform(tenant, decision.steps, instance);
      changes.ask_again = performed.ask_again;
      changes.if_unchanged = performed.if_unchanged;
      std::move(performed.patches.begin(), performed.patches.end(), std::back_inserter(changes.patches));
      std::move(performed.events.begin(), performed.events.end(), std::back_inserter(changes.events));
    }
    if (changes.patches.empty() && changes.events.empty() && tenant.status == decision.status) {
      if (changes.ask_again) return {true, world_.clock.now() + *changes.ask_again};
      continue;
    }
    // The status goes first, so that a step that ends in another one has the last word.
    changes.patches.insert(changes.patches.begin(), [status = decision.status](Tenant& t) { t.status = status; });
    const Facts before(tenant);
    if (!save(tenant, changes, owner)) return {};
    if (changes.ask_again) return {true, world_.clock.now() + *changes.ask_again};
    // A runtime that says it has stopped what goes on running, for example, is not asked without a pause.
    const bool unmoved = !decision.steps.empty() && decision.steps == done_before && Facts(tenant) == before;
    if (unmoved) return {true, world_.clock.now() + unmoved_poll};
    done_before = std::move(decision.steps);
  }
  return {true, world_.clock.now()};
}

// A teardown acts whatever is there; everything else needs to see the instance first.
std::optional<Instance> Reconciler::inspect(const Tenant& tenant, Changes& changes, bool& failed_to) const {
  if (goal_of(tenant) == Goal::absent) return std::nullopt;
  const Attempt* waiting = tenant.attempts.find(Step::inspect);
  if (waiting != nullptr && settings_.policy.must_wait(waiting->not_before, world_.clock.now())) {
    failed_to = true;
    return std::nullopt;
  }
  try {
    auto instance = world_.runtime.inspect(tenant.id);
    if (waiting != nullptr) changes.patches.push_back([](Tenant& t) { t.attempts.erase(Step::inspect); });
    if (instance) compare(tenant, *instance, changes);
    return instance;
  } catch (const Error& error) {
    failed_to = true;
    changes.add(failed(Step::inspect, error, tenant));
    return std::nullopt;
  }
}

// What is, with what would be if the instance were made and published now.
void Reconciler::compare(const Tenant& tenant, Instance& instance, Changes& changes) const {
  const auto limits = specs_.limits_change(tenant);
  const auto outdated = specs_.is_outdated(tenant, instance.fingerprint);
  instance.outdated = outdated.value_or(false);
  instance.limits_owed = limits == Specs::LimitsChange::now;
  const auto tell = [&](std::string message) {
    Event event;
    event.at = world_.clock.now();
    event.kind = "progress";
    event.message = std::move(message);
    changes.events.push_back(std::move(event));
  };
  const bool differs = outdated.value_or(tenant.outdated) || limits == Specs::LimitsChange::at_start;
  if (differs != tenant.outdated) {
    changes.patches.push_back([differs](Tenant& t) { t.outdated = differs; });
    if (differs) tell("what its instance was made from has changed since; a restart takes it up");
  }
  const std::string url = access_url(settings_.access, tenant);
  if (!specs_.has_moved(tenant)) return;
  changes.patches.push_back([url](Tenant& t) { t.url = url; });
  tell(
      fmt::format("its URL is {} now, since the machine has another public address; it was {}, and nothing leads from "
                  "there any more",
                  url, tenant.url));
  log_.warn("a customer's URL has changed, since the machine has another public address",
            {{"tenant", tenant.id.value()}, {"url", url}, {"before", tenant.url}});
}

Reconciler::Changes Reconciler::perform(const Tenant& tenant, const std::vector<Step>& steps,
                                        const std::optional<Instance>& instance) const {
  std::vector<StepResult> results(steps.size());
  std::vector<std::function<void()>> tasks;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    tasks.emplace_back([&, i] { results[i] = perform_one(steps[i], tenant, instance); });
  }
  world_.side_by_side(tasks);
  Changes changes;
  for (StepResult& result : results) changes.add(std::move(result));
  return changes;
}

StepResult Reconciler::perform_one(Step step, const Tenant& tenant, const std::optional<Instance>& instance) const {
  if (world_.observer != nullptr && is_retry(step, tenant)) world_.observer->step_retried(step);
  try {
    StepResult result = steps_.perform(step, tenant, instance);
    if (result.patch && tenant.attempts.contains(step)) {
      result.patch = [step, patch = std::move(result.patch)](Tenant& t) {
        t.attempts.erase(step);
        patch(t);
      };
    }
    return result;
  } catch (const Error& error) {
    return failed(step, error, tenant);
  } catch (const std::exception& error) {
    return failed(step, Error(ErrorKind::internal, error.what()), tenant);
  }
}

StepResult Reconciler::failed(Step step, const Error& error, const Tenant& tenant) const {
  const TimePoint now = world_.clock.now();
  const Policy& policy = settings_.policy;
  const Trouble trouble{error.retryable() ? Trouble::Kind::passing : Trouble::Kind::permanent,
                        fmt::format("{}: {}", row_of(step).words, error.what()), code_of(step, error.kind())};
  const bool give_up = gives_up(tenant, trouble, policy);
  const std::uint64_t chance = world_.random.next();
  const auto patch = [=, retryable = error.retryable(), asked = error.retry_after()](Tenant& t) {
    Attempt& attempt = t.attempts[step];
    if (attempt.count == 0) attempt.first_at = now;
    const Millis ceiling = retryable ? policy.retry.ceiling(attempt.count) : policy.retry.cap;
    const Millis jitter(static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(ceiling.count() + 1)));
    attempt.not_before =
        now + std::min(policy.longest_wait(), std::max({Millis(1), jitter, asked.value_or(Millis(0))}));
    attempt.error = trouble.reason;
    ++attempt.count;
    write_down(t, trouble, give_up);
  };
  Event event;
  event.at = now;
  event.kind = "error";
  event.step = to_string(step);
  event.message = trouble.reason;
  return {patch, {event}, {}, give_up};
}

// That a sign-up has been waiting for long. One mail says so for all who wait: in an outage they are many.
void Reconciler::tell_operator(Tenant& t, TimePoint now) const {
  if (!waits_too_long(t, settings_.policy, now) || settings_.mail.operator_address.empty()) return;
  if (find_mail(t, "operator_waiting") != nullptr) return;
  const std::lock_guard lock(told_mutex_);
  if (told_at_ && *told_at_ <= now && now - *told_at_ < between_tellings && told_of_ != t.id) return;
  told_at_ = now;
  told_of_ = t.id;
  owe_mail(t, "operator_waiting");
}

// What has been saved, to the log and to whoever measures: once for each event and each change.
void Reconciler::tell(const Tenant& before, const Tenant& after, const std::vector<Event>& events) const {
  for (const Event& event : events) {
    if (event.kind == "status") continue;  // told below
    const auto level = event.kind == "error" ? &Log::warn : &Log::debug;
    (log_.*level)(event.message, {{"tenant", after.id.value()}, {"step", event.step}});
  }
  if (after.status != before.status) {
    log_.info("tenant is " + std::string(to_string(after.status)),
              {{"tenant", after.id.value()}, {"subdomain", after.sign_up.slug.value()}, {"reason", after.reason}});
  }
  if (world_.observer == nullptr) return;
  for (const Event& event : events) {
    const auto step = parse_step(event.step);
    if (!step) continue;
    if (event.kind == "step" && event.duration) world_.observer->step_done(*step, *event.duration);
    if (event.kind == "error") world_.observer->step_failed(*step);
  }
  for (const Mail& mail : after.mails) {
    const auto old =
        std::find_if(before.mails.begin(), before.mails.end(), [&](const Mail& m) { return m.key == mail.key; });
    if (mail.state == MailState::pending || (old != before.mails.end() && old->state == mail.state)) continue;
    world_.observer->mailed(mail.state == MailState::sent ? Observer::Mailed::sent : Observer::Mailed::given_up);
  }
  using Provisioned = Observer::Provisioned;
  if (after.first_ready_at && !before.first_ready_at) {
    world_.observer->provisioned(Provisioned::ready, *after.first_ready_at - after.created_at);
  }
  if (after.status == Status::failed && before.status != Status::failed) {
    world_.observer->provisioned(Provisioned::failed, after.updated_at - after.created_at);
  }
}

// False where the tenant is no longer ours.
bool Reconciler::save(Tenant& tenant, const Changes& changes, const std::string& owner) {
  for (int i = 0; i < save_retry_limit; ++i) {
    const TimePoint now = world_.clock.now();
    Tenant next = tenant;
    for (const auto& patch : changes.patches) patch(next);
    tell_operator(next, now);
    quoting_.mask(next);
    next.updated_at = now;
    // What an event has begun is owed until it is finished, also when this process dies before.
    if (!next.due_at) next.due_at = now;
    std::vector<Event> events = changes.events;
    for (Event& event : events) quoting_.mask(tenant.id, event);
    if (next.status != tenant.status) {
      events.push_back({0, now, "status", "", std::string(to_string(next.status)), std::nullopt});
    }
    if (world_.store.save(next, events, Holder{owner})) {
      tell(tenant, next, events);
      tenant = std::move(next);
      watch_.changed(tenant.id);
      return true;
    }
    // Somebody wrote the row meanwhile. Take the newest one, if it is still ours to work on.
    auto newest = world_.store.claim(tenant.id, {owner, now + lease_time, true}, now);
    if (!newest) return false;
    world_.runtime.begin(tenant.id);
    const bool still_true = Facts(tenant) == Facts(*newest) && !changes.if_unchanged;
    tenant = std::move(*newest);
    if (!still_true) return true;  // decide anew: each step finds what it has done
  }
  throw Error(ErrorKind::unavailable, fmt::format("tenant {} was changed {} times while its row was being saved",
                                                  tenant.id.value(), save_retry_limit));
}

// Nothing is ready: write the state down, when to come back, and give the lease back, all in one. Nothing is returned
// where the row had changed meanwhile; then everything must be decided anew.
std::optional<Reconciler::Outcome> Reconciler::finish(Tenant& tenant, const Decision& decision,
                                                      const std::string& owner) {
  const TimePoint now = world_.clock.now();
  Tenant next = tenant;
  next.status = decision.status;
  next.due_at = decision.wake_at;
  if (next.status == Status::active || next.status == Status::suspended) next.reason.clear();
  std::vector<Event> events;
  if (next.status != tenant.status) {
    next.updated_at = now;
    events.push_back({0, now, "status", "", std::string(to_string(next.status)), std::nullopt});
  }
  if (world_.store.save(next, events, Holder{owner, true})) {
    tell(tenant, next, {});
    tenant = std::move(next);
    watch_.changed(tenant.id);
    return Outcome{false, tenant.due_at};
  }
  auto newest = world_.store.claim(tenant.id, {owner, now + lease_time, true}, now);
  if (!newest) return Outcome{};
  world_.runtime.begin(tenant.id);
  tenant = std::move(*newest);
  return std::nullopt;
}

}  // namespace slipway
