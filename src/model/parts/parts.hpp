#pragma once
#include "model/parts/view.hpp"

// The parts of a tenant. Each holds the goal against the facts and names what is missing of it; none knows the others.
namespace slipway::parts {

Gaps port(const View& view);
Gaps database(const View& view);
Gaps instance(const View& view);
Gaps limits(const View& view);
Gaps mail(const View& view);
Gaps row(const View& view);  // of one that is to be absent: that nothing of it is left

// Whether the instance is as it shall be: it has answered through the URL since it was started last.
bool is_serving(const View& view);

}  // namespace slipway::parts
