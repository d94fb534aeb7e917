#include "model/tenant.hpp"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

constexpr std::array<std::string_view, 3> desired_names = {"running", "suspended", "deleted"};
constexpr std::array<std::string_view, 13> status_names = {
    "provisioning", "active",  "restarting", "healing",  "crash_loop", "suspending", "suspended",
    "resuming",     "failing", "failed",     "deleting", "deleted",    "unknown"};
constexpr std::array<std::string_view, 3> mail_state_names = {"pending", "sent", "failed"};

template <class E, std::size_t N>
std::optional<E> parse_enum(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

}  // namespace

std::string_view to_string(Desired desired) { return desired_names.at(static_cast<std::size_t>(desired)); }
std::string_view to_string(Status status) { return status_names.at(static_cast<std::size_t>(status)); }
std::string_view to_string(MailState state) { return mail_state_names.at(static_cast<std::size_t>(state)); }
std::optional<Desired> parse_desired(std::string_view text) { return parse_enum<Desired>(desired_names, text); }
std::optional<Status> parse_status(std::string_view text) { return parse_enum<Status>(status_names, text); }

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
