#pragma once
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "drivers/ecs_common/tasks.hpp"

namespace slipway::ecs {

// The newest task definition of each family, remembered for 5 s, at most for one piece of work: it asks for it again
// and again, and only who holds the tenant's lease, which is longer, makes another or starts it. So is the task that
// was started of it, which ECS lists only after a while. Thread-safe.
class Definitions {
 public:
  Definitions(Tasks& tasks, const Clock& clock) : tasks_(tasks), clock_(clock) {}

  // As Tasks::definition(); nullptr where the family has none.
  std::shared_ptr<const boost::json::object> of(const std::string& family);

  struct Made {
    std::string arn;
    bool first = false;  // of its family: nothing was ever started of another
  };
  Made make(const std::string& family, boost::json::object definition);

  // It was made here a moment ago and nothing has been started of it.
  bool is_unused(const std::string& family);
  // The same, and it is the first of its family: there is no task that could be listed.
  bool is_without_tasks(const std::string& family);
  void used(const std::string& family);
  // The task that was started of it last, while it is remembered; empty: none.
  std::string started_task(const std::string& family);
  void started(const std::string& family, const std::string& task_arn);
  void forget(const std::string& family);

 private:
  struct Known {
    std::shared_ptr<const boost::json::object> definition;
    TimePoint until;
    bool unused = false;
    bool first = false;
    std::string task{};
  };
  std::optional<Known> known(const std::string& family);
  void remember(const std::string& family, Known known);

  Tasks& tasks_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace slipway::ecs
