#include "app/foundation.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/guard.hpp"

namespace slipway {
namespace {

constexpr auto first_try_limit = std::chrono::seconds(10);
constexpr auto retry_interval = std::chrono::seconds(2);
constexpr auto check_interval = std::chrono::seconds(10);  // where all is there

}  // namespace

Foundation::Foundation(Runtime& runtime, StartServer start_server, Log log)
    : runtime_(runtime), start_server_(std::move(start_server)), log_(std::move(log)) {
  if (!start_server_) server_part_.error.clear();
}

Foundation::~Foundation() = default;

void Foundation::start() {
  thread_ = std::jthread([this](std::stop_token stop) { keep(stop); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, first_try_limit, [this] { return tried_; });
}

void Foundation::keep(std::stop_token stop) {
  while (!stop.stop_requested()) {
    bool whole = false;
    guarded(log_, "what tenants stand on", [&] { whole = lay(); });
    std::unique_lock lock(mutex_);
    tried_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, stop, whole ? check_interval : retry_interval, [] { return false; });
  }
}

// Only this thread writes network_, so it may read it without the lock.
bool Foundation::lay() {
  const auto make_network = [this] {
    const HostNetwork made = runtime_.prepare();
    const std::lock_guard lock(mutex_);
    network_ = made;
  };
  // Also if it is there: somebody may have removed it, and what is made in its place may have another address.
  const bool is_there = attempt(network_part_, make_network);
  if (!network_) return false;
  const bool serves = !start_server_ || attempt(server_part_, [this] { start_server_(*network_); });
  return is_there && serves;
}

// A fault is logged when it comes, changes and goes, not at each try.
bool Foundation::attempt(Part& part, const std::function<void()>& work) {
  std::string error;
  try {
    work();
  } catch (const std::exception& thrown) {
    error = thrown.what();
    if (error.empty()) error = "failed without a reason";
  }
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(part.error, error);
  }
  if (!error.empty() && error != before) {
    log_.error(fmt::format("{} cannot be had; sign-ups are taken and wait for it: {}", part.name, error));
  }
  if (error.empty() && !before.empty()) log_.info(fmt::format("{} is there", part.name));
  return error.empty();
}

std::string Foundation::host_address() const {
  const std::lock_guard lock(mutex_);
  return network_ ? network_->host_address : std::string();
}

void Foundation::require_network() const { require(network_part_); }
void Foundation::require_server() const { require(server_part_); }

void Foundation::require(const Part& part) const {
  const std::lock_guard lock(mutex_);
  if (part.error.empty()) return;
  throw Error(ErrorKind::unavailable, fmt::format("{} is not there: {}", part.name, part.error));
}

}  // namespace slipway
