#pragma once
#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

#include "contracts/store.hpp"

namespace slipway::metrics {

// What is true at this moment: the build, the process and, where it could be read, the ledger.
std::vector<prometheus::MetricFamily> gauges(const std::string& version, const std::optional<Overview>& ledger,
                                             TimePoint now);

}  // namespace slipway::metrics
