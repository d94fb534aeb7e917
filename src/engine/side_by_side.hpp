#pragma once
#include <functional>
#include <vector>

namespace slipway {

// Calls all of these and returns when each has returned; then throws the first of what they threw.
using SideBySide = std::function<void(const std::vector<std::function<void()>>& tasks)>;

// The first in the caller's thread, each other in one of its own, or in the caller's too where the system refuses one.
void in_threads(const std::vector<std::function<void()>>& tasks);

}  // namespace slipway
