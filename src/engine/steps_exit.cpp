#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/env.hpp"
#include "engine/steps.hpp"
#include "model/giving_up.hpp"

// What an instance that has ended by itself is to be told of.
namespace slipway {
namespace {

constexpr Millis room_poll{60'000};  // between two starts where the machines are full
constexpr std::size_t last_words_lines = 5;
constexpr std::size_t last_words_bytes = 600;
constexpr std::size_t last_words_read_bytes = 1u << 20;
constexpr std::size_t last_words_kept_bytes = 16u << 10;  // the end of them, to be searched for secrets

}  // namespace

std::string Steps::last_words(const Tenant& tenant) const {
  if (world_.logs == nullptr) return {};
  std::string text;
  std::size_t read_bytes = 0;
  try {
    world_.logs->logs(tenant.id, last_words_lines, false,
                      [&](std::string_view chunk) {
                        text += chunk;
                        read_bytes += chunk.size();
                        if (text.size() > last_words_kept_bytes) text.erase(0, text.size() - last_words_kept_bytes);
                        return read_bytes < last_words_read_bytes;
                      },
                      {});
  } catch (const Error&) {
    return {};  // a reason without last words is still a reason
  }
  // Masked before it is cut: half a secret is one too.
  return quoted_last_words(quoting_(tenant.id, text), last_words_bytes);
}

StepResult Steps::record_exit(const Tenant& tenant, const Seen& instance) const {
  if (instance && instance->no_room) return wait_for_room(tenant, instance->error);
  const TimePoint now = world_.clock.now();
  const Millis ran = tenant.boot_at ? now - *tenant.boot_at : Millis(0);
  std::string reason = describe_exit(instance, ran);
  if (instance) reason += last_words(tenant);
  const unsigned before = ran >= settings_.policy.stable_after ? 0 : tenant.crashes;
  const unsigned crashes = before + 1;
  const Trouble trouble{instance && instance->hopeless ? Trouble::Kind::permanent : Trouble::Kind::exit, reason,
                        code_of_exit(instance), crashes};
  const bool give_up = gives_up(tenant, trouble, settings_.policy);
  // The first restart is at once; then the waits grow.
  const Millis wait = crashes == 1 ? Millis(0) : settings_.policy.restart.wait(crashes - 2, world_.random);
  Event e = event(Step::record_exit, reason);
  e.kind = "error";
  return {[=, stable = settings_.policy.stable_ports](Tenant& t) {
            t.crashes = crashes;
            t.instance_ended();
            if (crashes > 1) t.database_made = false;  // it may be what is wrong
            if (!stable) t.forget_address();
            write_down(t, trouble, give_up);
            t.attempts[Step::start_instance] = {crashes, now, now + wait, reason};
            if (!instance) t.instance_id.clear();
          },
          {e},
          {},
          give_up};
}

// That the machines are full is no crash: it is said and waited for. The tries are counted under `address`, which ends
// them when an instance is published at last.
StepResult Steps::wait_for_room(const Tenant& tenant, const std::string& reason) const {
  const TimePoint now = world_.clock.now();
  const Attempt* known = tenant.attempts.find(Step::address);
  Attempt waiting = known == nullptr ? Attempt{0, now, now} : *known;
  ++waiting.count;
  waiting.error = reason;
  Event e = event(Step::record_exit, reason);
  e.kind = "error";
  return {[=](Tenant& t) {
            t.instance_ended();
            write_down(t, {Trouble::Kind::passing, reason, ReasonCode::no_room}, false);
            t.attempts[Step::address] = waiting;
            t.attempts[Step::start_instance] = {waiting.count, waiting.first_at, now + room_poll, reason};
          },
          {e},
          {}};
}

}  // namespace slipway
