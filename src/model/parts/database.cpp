#include "model/parts/parts.hpp"

namespace slipway::parts {

Gaps database(const View& v) {
  const Tenant& t = v.tenant;
  switch (v.goal()) {
    case Goal::absent:  // nothing can hold on to it once the instance is gone
      if (t.instance_removed && !t.database_dropped) return {{Step::drop_database}, {}};
      return {};
    case Goal::stopped:  // what still ends may save something
      if (!v.is_up() && !v.is_ending() && !t.started && !t.database_closed) return {{Step::close_database}, {}};
      return {};
    case Goal::running:  // what is about to end may still use it, and change its role
      if (!t.database_made && !v.is_ending() && !(v.is_up() && v.restart_owed())) return {{Step::create_database}, {}};
      return {};
  }
  return {};
}

}  // namespace slipway::parts
