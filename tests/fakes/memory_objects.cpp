#include "tests/fakes/memory_objects.hpp"

#include <algorithm>

namespace slipway::test {

std::optional<Object> MemoryObjects::object(std::string_view kind, std::string_view id) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find({std::string(kind), std::string(id)});
  if (found == objects_.end()) return std::nullopt;
  return found->second;
}

bool MemoryObjects::put(Object& object) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find({object.kind, object.id});
  if (object.version != (found == objects_.end() ? 0 : found->second.version)) return false;
  ++object.version;
  objects_[{object.kind, object.id}] = object;
  return true;
}

bool MemoryObjects::erase(const Object& object) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find({object.kind, object.id});
  if (found == objects_.end()) return true;
  if (found->second.version != object.version) return false;
  objects_.erase(found);
  return true;
}

std::vector<Object> MemoryObjects::objects(std::string_view kind, std::string_view after, std::size_t limit) {
  std::lock_guard lock(mutex_);
  const std::size_t most = std::clamp<std::size_t>(limit, 1, 1000);
  std::vector<Object> page;
  for (auto next = objects_.upper_bound({std::string(kind), std::string(after)});
       next != objects_.end() && next->second.kind == kind && page.size() < most; ++next) {
    page.push_back(next->second);
  }
  return page;
}

}  // namespace slipway::test
