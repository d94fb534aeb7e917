#include "api/rate_limit.hpp"

#include <algorithm>
#include <vector>

namespace slipway::api {
namespace {

constexpr std::size_t bucket_limit = 10'000;

}  // namespace

RateLimit::Bucket RateLimit::filled(const Bucket& bucket, double per_minute) const {
  const TimePoint now = clock_.now();
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.at).count());
  return {std::min(per_minute, bucket.tokens + seconds * per_minute / 60), now};
}

std::optional<Millis> RateLimit::take(const std::string& name, double per_minute) {
  if (per_minute <= 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= bucket_limit && !buckets_.contains(name)) make_room(per_minute);
  Bucket& bucket = buckets_.try_emplace(name, Bucket{per_minute, clock_.now()}).first->second;
  bucket = filled(bucket, per_minute);
  if (bucket.tokens < 1) return Millis(static_cast<std::int64_t>((1 - bucket.tokens) * 60'000 / per_minute) + 1);
  bucket.tokens -= 1;
  return std::nullopt;
}

void RateLimit::give_back(const std::string& name, double per_minute) {
  const std::lock_guard lock(mutex_);
  const auto bucket = buckets_.find(name);
  if (bucket != buckets_.end()) bucket->second.tokens = std::min(per_minute, bucket->second.tokens + 1);
}

// Forgets the fuller half: what is full again says no more than what is not there.
void RateLimit::make_room(double per_minute) {
  std::vector<double> tokens;
  for (auto& [name, bucket] : buckets_) tokens.push_back((bucket = filled(bucket, per_minute)).tokens);
  const auto middle = tokens.begin() + static_cast<std::ptrdiff_t>(tokens.size() / 2);
  std::nth_element(tokens.begin(), middle, tokens.end());
  std::size_t surplus = tokens.size() / 2;
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.tokens >= *middle && surplus-- > 0; });
}

}  // namespace slipway::api
