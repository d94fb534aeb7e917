#pragma once
#include <map>
#include <mutex>
#include <utility>

#include "contracts/objects.hpp"

namespace slipway::test {

// The objects of a MemoryStore.
class MemoryObjects : public Objects {
 public:
  std::optional<Object> object(std::string_view kind, std::string_view id) override;
  bool put(Object& object) override;
  bool erase(const Object& object) override;
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override;

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Object> objects_;  // by kind and id
};

}  // namespace slipway::test
