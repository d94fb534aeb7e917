#include "contracts/store.hpp"

#include <algorithm>

namespace slipway {

std::vector<TenantId> Store::ids(Status status, const std::string& after, std::size_t limit) {
  TenantFilter filter;
  filter.status = status;
  filter.after = after;
  std::vector<TenantId> found;
  while (found.size() < limit) {
    filter.limit = std::min<std::size_t>(limit - found.size(), 1'000);
    const auto page = list(filter);
    for (const Tenant& tenant : page) found.push_back(tenant.id);
    if (page.size() < filter.limit) break;
    filter.after = page.back().id.value();
  }
  return found;
}

}  // namespace slipway
