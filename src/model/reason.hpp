#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// Why a tenant is not active, by kind: all that its customer learns. What was really said is for operators.
enum class ReasonCode {
  app_exited,
  app_not_answering,
  app_not_started,
  out_of_memory,
  image_unavailable,
  database_unavailable,
  no_room,
  waiting,
  internal
};

std::string_view to_string(ReasonCode code);
std::optional<ReasonCode> parse_reason_code(std::string_view text);

// A sentence for a customer, in "en" or "vi"; in English for any other language.
std::string_view sentence_for(ReasonCode code, std::string_view language);

}  // namespace slipway
