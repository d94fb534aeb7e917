#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/steps.hpp"
#include "engine/welcome.hpp"
#include "model/giving_up.hpp"

namespace slipway {

// A key belongs to one mail, so one that was used was used for this mail: an earlier try arrived, and the templates or
// the configuration have changed since.
std::string Steps::send_or_find_sent(const Message& message, const std::string& key) const {
  try {
    return world_.mailer.send(message, key);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    return {};
  }
}

StepResult Steps::send_mail(const Tenant& tenant, const Seen&) const {
  const TimePoint now = world_.clock.now();
  const Policy& policy = settings_.policy;
  const auto mail = std::find_if(tenant.mails.begin(), tenant.mails.end(), [&](const Mail& m) {
    return is_owed(m, tenant) && !policy.mail_must_wait(m.not_before, now);
  });
  if (mail == tenant.mails.end()) return {};
  Mail after = *mail;
  ++after.attempts;
  Event e;
  try {
    const Message message = compose_mail(settings_, tenant, after);
    after.provider_id = send_or_find_sent(message, after.key);
    after.state = MailState::sent;
    after.sent_at = world_.clock.now();
    after.error.clear();
    e = event(Step::send_mail, fmt::format("{} mail sent to {}", after.purpose, message.to), now);
  } catch (const Error& error) {
    if (after.first_at == TimePoint()) after.first_at = now;  // the first failure ever, or since a retry
    after.error = error.what();
    const Millis wait =
        std::max(error.retry_after().value_or(Millis(0)), policy.mail.wait(after.attempts - 1, world_.random));
    after.not_before = now + std::min(wait, policy.mail.cap);
    if (gives_up(after, error.retryable(), policy, now)) after.state = MailState::failed;
    e = event(Step::send_mail,
              fmt::format("{} mail was not sent ({}): {}", after.purpose,
                          after.state == MailState::failed ? "given up" : "will be tried again", error.what()),
              now);
    e.kind = "error";
  }
  return {[after](Tenant& t) {
            for (Mail& m : t.mails) {
              if (m.key == after.key) m = after;
            }
          },
          {e},
          {}};
}

}  // namespace slipway
