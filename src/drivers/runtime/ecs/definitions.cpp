#include "drivers/runtime/ecs/definitions.hpp"

#include "base/json.hpp"

namespace slipway::ecs {
namespace {

constexpr Millis remembered_for{5'000};
constexpr std::size_t remembered_limit = 200;

}  // namespace

std::optional<Definitions::Known> Definitions::known(const std::string& family) {
  std::lock_guard lock(mutex_);
  const auto found = known_.find(family);
  if (found == known_.end() || found->second.until <= clock_.now()) return std::nullopt;
  return found->second;
}

void Definitions::remember(const std::string& family, Known known) {
  known.until = clock_.now() + remembered_for;
  std::lock_guard lock(mutex_);
  if (known_.size() >= remembered_limit) known_.clear();
  known_[family] = std::move(known);
}

std::shared_ptr<const boost::json::object> Definitions::of(const std::string& family) {
  if (const auto there = known(family)) return there->definition;
  auto read = tasks_.definition(family);
  auto definition = read ? std::make_shared<const boost::json::object>(std::move(*read)) : nullptr;
  remember(family, {.definition = definition});
  return definition;
}

Definitions::Made Definitions::make(const std::string& family, boost::json::object definition) {
  forget(family);  // where the answer is lost, it is read
  const auto made = std::make_shared<const boost::json::object>(tasks_.register_definition(std::move(definition)));
  const std::string arn = string_at(*object_at(*made, "taskDefinition"), "taskDefinitionArn");
  const bool first = arn.ends_with(":1");
  remember(family, {.definition = made, .unused = true, .first = first});
  return {arn, first};
}

bool Definitions::is_unused(const std::string& family) {
  const auto there = known(family);
  return there && there->unused;
}

bool Definitions::is_without_tasks(const std::string& family) {
  const auto there = known(family);
  return there && there->unused && there->first;
}

void Definitions::used(const std::string& family) {
  std::lock_guard lock(mutex_);
  if (const auto found = known_.find(family); found != known_.end()) found->second.unused = false;
}

std::string Definitions::started_task(const std::string& family) {
  const auto there = known(family);
  return there ? there->task : "";
}

void Definitions::started(const std::string& family, const std::string& task_arn) {
  std::lock_guard lock(mutex_);
  if (const auto found = known_.find(family); found != known_.end()) found->second.task = task_arn;
}

void Definitions::forget(const std::string& family) {
  std::lock_guard lock(mutex_);
  known_.erase(family);
}

}  // namespace slipway::ecs
