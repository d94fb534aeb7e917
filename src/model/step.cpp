#include "model/step.hpp"

#include <algorithm>

namespace slipway {
namespace {

constexpr bool rows_stand_where_they_are_looked_for() {
  for (std::size_t i = 0; i < step_table.size(); ++i) {
    if (step_table.at(i).step != static_cast<Step>(i)) return false;
  }
  return true;
}
static_assert(rows_stand_where_they_are_looked_for());

}  // namespace

std::optional<Step> parse_step(std::string_view text) {
  const auto found =
      std::find_if(step_table.begin(), step_table.end(), [&](const StepRow& row) { return row.name == text; });
  if (found == step_table.end()) return std::nullopt;
  return found->step;
}

}  // namespace slipway
