#pragma once
#include <functional>

#include "cli/context.hpp"

namespace slipway::cli {

// Runs `once` every two seconds, until the context's stop or an error, and shows what it printed when that has changed:
// on a terminal in the place of what was there, elsewhere below it. Returns the last exit code.
int repeat(Context& context, const std::function<int(Context&)>& once);

}  // namespace slipway::cli
