#include "engine/side_by_side.hpp"

#include <thread>

namespace slipway {

void in_threads(const std::vector<std::function<void()>>& tasks) {
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < tasks.size(); ++i) others.emplace_back(tasks[i]);
  if (!tasks.empty()) tasks.front()();
}

}  // namespace slipway
