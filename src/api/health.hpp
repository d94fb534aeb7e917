#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"

namespace slipway::api {

// What is checked: a name, and a call that throws an Error where the thing is not well.
struct HealthCheck {
  std::string name;                    // "ledger", "engine", "runtime", "database", "mail"
  std::function<std::string()> check;  // returns what it found, such as "Docker 20.10.24"
  bool vital = false;                  // without it nothing can be signed up
};

// Remembers how each part is, so that nobody who asks waits for one that hangs. Safe from any thread.
class Health {
 public:
  struct Finding {
    std::string name;
    bool well;
    std::string found;  // or what is wrong
  };

  Health(std::vector<HealthCheck> checks, const Clock& clock);
  ~Health() { stop(); }

  // Looks at each part on a thread of its own: now, at a vital one every 10 s, at another one when look() asks for it.
  void start();
  // False where a check does not return within half a second; its thread is joined by the destructor.
  bool stop();

  // Somebody asks, for all or only for what is vital. Without threads (on AWS) the parts that were looked at more than
  // 10 s ago are looked at by the caller; else this only wakes the threads.
  void look(bool all);

  // What is known. A check that has not returned for 5 s is not well.
  bool ready() const;  // all that is vital is well
  std::vector<Finding> findings() const;

 private:
  struct Part {
    HealthCheck check;
    bool well = false;
    std::string found = "not looked at yet";
    std::optional<TimePoint> looked_at{};
    std::optional<TimePoint> began{};  // while it is being looked at
    bool wanted = false;
  };
  void keep_looking(Part& part, std::stop_token stop);
  void look_at(Part& part);
  bool is_old(const Part& part) const;
  Finding finding_of(const Part& part) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Part> parts_;
  std::vector<std::jthread> threads_;
};

}  // namespace slipway::api
