#include "model/env_values.hpp"

namespace slipway {

const std::vector<std::string>& env_value_names() {
  static const std::vector<std::string> names = {"admin_email", "company_name", "db.host", "db.name", "db.password",
                                                 "db.port",     "db.url",       "db.user", "plan",    "port",
                                                 "subdomain",   "tenant.id",    "url",     "user_id"};
  return names;
}

}  // namespace slipway
