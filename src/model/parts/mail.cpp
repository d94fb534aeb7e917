#include "model/parts/parts.hpp"

namespace slipway::parts {

// At most one mail is sent at a time; the others follow in the next round. While a tenant is stopped, or taken back,
// its mails wait.
Gaps mail(const View& v) {
  const Tenant& t = v.tenant;
  const bool has_failed = !t.failure.empty() && t.status == Status::failed && t.desired != Desired::deleted;
  if (v.goal() != Goal::running && !has_failed) return {};
  Gaps gaps;
  for (const Mail& mail : t.mails) {
    if (!is_owed(mail, t)) continue;
    if (v.policy.mail_must_wait(mail.not_before, v.now)) {
      gaps.look_at(mail.not_before);
    } else {
      gaps.steps = {Step::send_mail};
    }
  }
  return gaps;
}

}  // namespace slipway::parts
