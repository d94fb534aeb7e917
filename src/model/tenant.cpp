#include "model/tenant.hpp"

#include <algorithm>

#include "base/words.hpp"

namespace slipway {
namespace {

constexpr Word<Desired> desired_words[] = {
    {Desired::running, "running"}, {Desired::suspended, "suspended"}, {Desired::deleted, "deleted"}};
constexpr Word<Status> status_words[] = {{Status::provisioning, "provisioning"},
                                         {Status::active, "active"},
                                         {Status::restarting, "restarting"},
                                         {Status::healing, "healing"},
                                         {Status::crash_loop, "crash_loop"},
                                         {Status::suspending, "suspending"},
                                         {Status::suspended, "suspended"},
                                         {Status::resuming, "resuming"},
                                         {Status::failing, "failing"},
                                         {Status::failed, "failed"},
                                         {Status::deleting, "deleting"},
                                         {Status::deleted, "deleted"},
                                         {Status::unknown, "unknown"}};
constexpr Word<MailState> mail_state_words[] = {
    {MailState::pending, "pending"}, {MailState::sent, "sent"}, {MailState::failed, "failed"}};

}  // namespace

std::string_view to_string(Desired desired) { return word_of(desired_words, desired); }
std::string_view to_string(Status status) { return word_of(status_words, status); }
std::string_view to_string(MailState state) { return word_of(mail_state_words, state); }
std::optional<Desired> parse_desired(std::string_view text) { return value_of(desired_words, text); }
std::optional<Status> parse_status(std::string_view text) { return value_of(status_words, text); }

bool is_owed(const Mail& mail, const Tenant& tenant) {
  return mail.state == MailState::pending && (mail.purpose != "welcome" || tenant.first_ready_at);
}

const Mail* find_mail(const Tenant& tenant, std::string_view purpose) {
  const auto found = std::find_if(tenant.mails.rbegin(), tenant.mails.rend(),
                                  [&](const Mail& mail) { return mail.purpose == purpose; });
  return found == tenant.mails.rend() ? nullptr : &*found;
}

std::optional<TimePoint> mail_owed_since(const Tenant& tenant) {
  std::optional<TimePoint> since;
  for (const Mail& mail : tenant.mails) {
    if (mail.state != MailState::pending || mail.first_at == TimePoint()) continue;
    if (!since || mail.first_at < *since) since = mail.first_at;
  }
  return since;
}

bool is_settled(const Tenant& tenant) {
  switch (tenant.status) {
    case Status::active: {
      const Mail* welcome = find_mail(tenant, "welcome");
      return welcome == nullptr || welcome->state != MailState::pending || welcome->attempts > 0;
    }
    case Status::suspended:
    case Status::crash_loop:
    case Status::failed:
    case Status::deleted:
      return true;
    default:
      return false;
  }
}

}  // namespace slipway
