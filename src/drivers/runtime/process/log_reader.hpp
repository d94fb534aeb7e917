#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "contracts/runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"

namespace slipway::process {

// The last `tail` lines of the tenant's logs; then, with `follow`, what comes, over rotations, until all is read after
// `running` has become false.
std::unique_ptr<PieceSource> read_logs(const TenantFiles& files, std::size_t tail, bool follow,
                                       std::function<bool()> running);

}  // namespace slipway::process
