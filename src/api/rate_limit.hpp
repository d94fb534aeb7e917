#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace slipway::api {

// A bucket for each name, which holds a minute's worth and fills evenly. Remembers at most 10,000 names: where more
// come, those that have taken least are forgotten, so that a crowd of new names does not free the one that floods.
// Safe from any thread.
class RateLimit {
 public:
  explicit RateLimit(const Clock& clock) : clock_(clock) {}

  // Takes one; where the bucket has none, takes nothing and says when it will. `per_minute` 0: there is no limit.
  std::optional<Millis> take(const std::string& name, double per_minute);
  // Undoes one take().
  void give_back(const std::string& name, double per_minute);

 private:
  struct Bucket {
    double tokens;
    TimePoint at;
  };
  Bucket filled(const Bucket& bucket, double per_minute) const;
  void make_room(double per_minute);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

// One that was taken; given back at the end unless it is kept.
class Reservation {
 public:
  Reservation(RateLimit& limit, std::string name, double per_minute)
      : limit_(limit), name_(std::move(name)), per_minute_(per_minute) {}
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() {
    if (!kept_) limit_.give_back(name_, per_minute_);
  }
  void keep() { kept_ = true; }

 private:
  RateLimit& limit_;
  std::string name_;
  double per_minute_;
  bool kept_ = false;
};

}  // namespace slipway::api
