#include "engine/boot_admission.hpp"

#include <algorithm>

namespace slipway {
namespace {

constexpr Millis counted_for{20'000};
constexpr Millis memory_shows_after{5'000};  // then it is missing from what is free
constexpr Millis between_extra_boots{250};   // so that the load of one shows before the next
constexpr double idle_enough = 0.5;          // cores

}  // namespace

bool BootAdmission::enter(const TenantId& id, std::uint64_t memory_bytes) {
  if (at_once_ == 0) return true;
  std::lock_guard lock(mutex_);
  const TimePoint now = clock_.now();
  forget_old(now);
  if (booting_.contains(id)) return true;
  const auto place = std::find(waiting_.begin(), waiting_.end(), id);
  const bool first = place == waiting_.begin();  // also where nobody waits
  if (!first || !has_room(memory_bytes, now)) {
    if (place == waiting_.end()) waiting_.push_back(id);
    return false;
  }
  if (place != waiting_.end()) waiting_.erase(place);
  booting_[id] = {now, memory_bytes};
  last_entry_ = now;
  if (!waiting_.empty()) wake_(waiting_.front());
  return true;
}

void BootAdmission::note(const TenantId& id, TimePoint since) {
  if (at_once_ == 0) return;
  std::lock_guard lock(mutex_);
  booting_.try_emplace(id, Boot{since});
}

void BootAdmission::leave(const TenantId& id) {
  if (at_once_ == 0) return;
  std::lock_guard lock(mutex_);
  const bool booted = booting_.erase(id) > 0;
  const bool waited = std::erase(waiting_, id) > 0;
  if ((booted || waited) && !waiting_.empty()) wake_(waiting_.front());
}

bool BootAdmission::in_company(const TenantId& id) {
  std::lock_guard lock(mutex_);
  forget_old(clock_.now());
  return booting_.size() > booting_.count(id);
}

void BootAdmission::forget_old(TimePoint now) {
  std::erase_if(booting_,
                [&](const auto& boot) { return now - boot.second.since >= counted_for || boot.second.since > now; });
}

bool BootAdmission::has_room(std::uint64_t memory_bytes, TimePoint now) const {
  if (booting_.empty()) return true;
  if (room_.free_bytes) {
    std::uint64_t promised = memory_bytes;
    for (const auto& [id, boot] : booting_) {
      if (now - boot.since < memory_shows_after) promised += boot.memory_bytes;
    }
    if (room_.free_bytes() < promised) return false;
  }
  if (booting_.size() < at_once_) return true;
  return now - last_entry_ >= between_extra_boots && room_.idle_cores && room_.idle_cores() >= idle_enough;
}

}  // namespace slipway
