#include "drivers/runtime/ecs/addresses.hpp"

#include "base/json.hpp"

namespace slipway::ecs {
namespace {

constexpr Millis known_for{300'000};
constexpr Millis unknown_for{5'000};  // a machine that is just being given its address
constexpr std::size_t known_limit = 1'000;

}  // namespace

std::string Addresses::of(const std::string& arn) {
  if (arn.empty()) return {};
  const TimePoint now = clock_.now();
  {
    std::lock_guard lock(mutex_);
    const auto known = known_.find(arn);
    if (known != known_.end() && now < known->second.until) return known->second.address;
  }
  std::string address = look_up(arn);
  std::lock_guard lock(mutex_);
  if (known_.size() >= known_limit) known_.clear();
  known_[arn] = {address, now + (address.empty() ? unknown_for : known_for)};
  return address;
}

std::string Addresses::look_up(const std::string& arn) {
  const auto answer =
      ecs_.call("DescribeContainerInstances",
                boost::json::object{{"cluster", place_.cluster}, {"containerInstances", boost::json::array{arn}}});
  const auto* instances = array_at(answer, "containerInstances");
  if (instances == nullptr || instances->empty()) return {};
  const std::string machine = string_at(instances->front().as_object(), "ec2InstanceId");
  if (machine.empty()) return {};
  const auto described = ec2_.call("DescribeInstances", aws::Parameters{{"InstanceId.1", machine}});
  return described.text_at("reservationSet/item/instancesSet/item/ipAddress");
}

}  // namespace slipway::ecs
