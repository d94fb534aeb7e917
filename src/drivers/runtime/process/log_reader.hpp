#pragma once
#include <cstddef>
#include <functional>
#include <stop_token>

#include "contracts/runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"

namespace slipway::process {

// The last `tail` lines of the tenant's logs; then, with `follow`, what comes, over rotations, until the sink has
// enough, `stop`, or all is read after `running` has become false.
void read_logs(const TenantFiles& files, std::size_t tail, bool follow, const RuntimeLogs::Sink& sink,
               const std::function<bool()>& running, std::stop_token stop);

}  // namespace slipway::process
