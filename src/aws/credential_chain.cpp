#include "aws/credential_chain.hpp"

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <vector>

#include "aws/credential_sources.hpp"

namespace slipway::aws {
namespace {

constexpr std::chrono::minutes fetch_ahead{15};
constexpr std::chrono::minutes pause_between_tries{1};

bool valid(const Credentials& credentials, TimePoint now) {
  return !credentials.expires_at || now < *credentials.expires_at;
}

}  // namespace

CredentialChain::CredentialChain(Surroundings around, const Clock& clock) : around_(std::move(around)), clock_(clock) {}

Credentials CredentialChain::get() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = clock_.now();
    const bool usable = kept_ && valid(*kept_, now);
    const bool wants_new = !usable || (kept_->expires_at && now >= next_fetch_);
    if (!wants_new || (usable && fetching_)) return *kept_;
    if (!fetching_) break;
    changed_.wait(lock);
  }
  fetching_ = true;
  lock.unlock();
  std::optional<Credentials> fetched;
  std::exception_ptr failure;
  try {
    fetched = fetch();
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  lock.lock();
  fetching_ = false;
  changed_.notify_all();
  const auto now = clock_.now();
  if (fetched) {
    kept_ = fetched;
    next_fetch_ = now + pause_between_tries;
    if (kept_->expires_at) next_fetch_ = std::max(next_fetch_, *kept_->expires_at - fetch_ahead);
    if (!valid(*kept_, now)) throw Error(ErrorKind::unauthorized, "AWS credentials: the source gave expired ones");
    return *kept_;
  }
  if (!kept_ || !valid(*kept_, now)) std::rethrow_exception(failure);
  next_fetch_ = now + pause_between_tries;
  return *kept_;
}

void CredentialChain::refused(const std::string& access_key_id) {
  std::lock_guard lock(mutex_);
  if (kept_ && kept_->access_key_id == access_key_id) kept_.reset();
}

Credentials CredentialChain::fetch() const {
  struct Source {
    std::string_view name;
    std::function<Asked()> ask;
  };
  const Source profile{"profile", [&] { return from_profile(around_); }};
  std::vector<Source> sources{profile};
  if (around_.profile.empty()) {
    sources = {{"environment", [&] { return from_environment(around_); }},
               profile,
               {"container", [&] { return from_container(around_); }},
               {"EC2 instance", [&] { return from_instance(around_); }}};
  }
  std::string answers;
  for (const auto& source : sources) {
    auto asked = with_context(fmt::format("AWS credentials from the {}", source.name), source.ask);
    if (asked.credentials) return std::move(*asked.credentials);
    answers += fmt::format("{}{}: {}", answers.empty() ? "" : "; ", source.name, asked.answer);
  }
  throw Error(ErrorKind::unauthorized, fmt::format("no AWS credentials ({})", answers));
}

}  // namespace slipway::aws
