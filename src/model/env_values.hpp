#pragma once
#include <string>
#include <vector>

namespace slipway {

// The names that templates in `app.env` may use: "db.host", "company_name", …
const std::vector<std::string>& env_value_names();

}  // namespace slipway
