#pragma once
#include <functional>
#include <vector>

namespace slipway {

// Calls all of these and returns when each has returned. None of them may throw an Error.
using SideBySide = std::function<void(const std::vector<std::function<void()>>& tasks)>;

// The first in the caller's thread, each other in one of its own.
void in_threads(const std::vector<std::function<void()>>& tasks);

}  // namespace slipway
