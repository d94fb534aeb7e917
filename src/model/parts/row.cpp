#include "model/parts/parts.hpp"

namespace slipway::parts {

Gaps port(const View& v) {
  if (v.goal() != Goal::running || v.is_placed()) return {};
  return {{Step::lease_port}, {}};
}

Gaps row(const View& v) {
  if (v.goal() != Goal::absent || !v.tenant.instance_removed || !v.tenant.database_dropped) return {};
  return {{Step::finish}, {}};
}

}  // namespace slipway::parts
