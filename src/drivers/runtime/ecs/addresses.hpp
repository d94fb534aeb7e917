#pragma once
#include <map>
#include <mutex>
#include <string>

#include "aws/client.hpp"
#include "base/clock.hpp"
#include "drivers/ecs_common/place.hpp"

namespace slipway::ecs {

// The public addresses of a cluster's machines, remembered for a while: one without an Elastic IP gets another address
// when it is stopped and started. Thread-safe.
class Addresses {
 public:
  Addresses(aws::Client& ecs, aws::Client& ec2, const Place& place, const Clock& clock)
      : ecs_(ecs), ec2_(ec2), place_(place), clock_(clock) {}

  // The IPv4 address of a container instance; empty where its machine has no public one or is gone.
  std::string of(const std::string& container_instance_arn);

 private:
  struct Known {
    std::string address;
    TimePoint until;
  };
  std::string look_up(const std::string& container_instance_arn);

  aws::Client& ecs_;
  aws::Client& ec2_;
  const Place& place_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace slipway::ecs
