#include "model/reason.hpp"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

struct Row {
  ReasonCode code;
  std::string_view name;
  std::string_view english;
  std::string_view vietnamese;
};

constexpr std::array<Row, 9> rows = {{
    {ReasonCode::app_exited, "app_exited", "The app ended by itself.", "Ứng dụng đã tự dừng."},
    {ReasonCode::app_not_answering, "app_not_answering", "The app did not answer in time.",
     "Ứng dụng không phản hồi kịp thời."},
    {ReasonCode::app_not_started, "app_not_started", "The app could not be started.", "Không thể khởi động ứng dụng."},
    {ReasonCode::out_of_memory, "out_of_memory", "The app needed more memory than its plan allows.",
     "Ứng dụng cần nhiều bộ nhớ hơn gói dịch vụ cho phép."},
    {ReasonCode::image_unavailable, "image_unavailable", "The app could not be fetched.", "Không thể tải ứng dụng về."},
    {ReasonCode::database_unavailable, "database_unavailable", "The database cannot be reached at the moment.",
     "Hiện không thể kết nối cơ sở dữ liệu."},
    {ReasonCode::no_room, "no_room", "There is no room for another app at the moment.",
     "Hiện không còn chỗ cho ứng dụng mới."},
    {ReasonCode::waiting, "waiting", "A part of the service is not available at the moment.",
     "Một phần của dịch vụ hiện không khả dụng."},
    {ReasonCode::internal, "internal", "Something went wrong on our side.", "Đã xảy ra lỗi ở phía chúng tôi."},
}};

const Row& row_of(ReasonCode code) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.code == code; });
  return found == rows.end() ? rows.back() : *found;
}

}  // namespace

std::string_view to_string(ReasonCode code) { return row_of(code).name; }

std::optional<ReasonCode> parse_reason_code(std::string_view text) {
  for (const Row& row : rows) {
    if (row.name == text) return row.code;
  }
  return std::nullopt;
}

std::string_view sentence_for(ReasonCode code, std::string_view language) {
  const Row& row = row_of(code);
  return language == "vi" ? row.vietnamese : row.english;
}

}  // namespace slipway
