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

std::optional<boost::json::object> Definitions::of(const std::string& family) {
  if (auto there = known(family)) return std::move(there->definition);
  auto read = tasks_.definition(family);
  remember(family, {.definition = read});
  return read;
}

Definitions::Made Definitions::make(const std::string& family, boost::json::object definition) {
  forget(family);  // where the answer is lost, it is read
  boost::json::object made = tasks_.register_definition(std::move(definition));
  const std::string arn = string_at(*object_at(made, "taskDefinition"), "taskDefinitionArn");
  remember(family, {.definition = std::move(made), .unused = true});
  return {arn, arn.ends_with(":1")};
}

bool Definitions::is_unused(const std::string& family) {
  const auto there = known(family);
  return there && there->unused;
}

void Definitions::used(const std::string& family) {
  std::lock_guard lock(mutex_);
  if (const auto found = known_.find(family); found != known_.end()) found->second.unused = false;
}

void Definitions::forget(const std::string& family) {
  std::lock_guard lock(mutex_);
  known_.erase(family);
}

}  // namespace slipway::ecs
