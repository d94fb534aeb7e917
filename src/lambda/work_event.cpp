#include "lambda/work_event.hpp"

#include <charconv>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::lambda {
namespace json = boost::json;
namespace {

unsigned number_of(const std::string& text) {
  unsigned value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string to_message(const Work& work) {
  json::object message{{"tenant", work.tenant.value()}};
  if (work.due) message["due"] = work.due->time_since_epoch().count();
  return json::serialize(message);
}

Work parse_message(const std::string& body) {
  json::error_code ec;
  const auto value = json::parse(body, ec);
  if (ec || !value.is_object()) throw Error(ErrorKind::invalid, "a message of the queue is no JSON object");
  const auto& message = value.get_object();
  Work work;
  work.tenant = parse_tenant_id(string_at(message, "tenant"));
  if (const auto due = int_at(message, "due"); due > 0) work.due = TimePoint(Millis(due));
  return work;
}

std::optional<std::vector<SqsMessage>> sqs_messages(const json::object& event) {
  const auto* records = array_at(event, "Records");
  if (records == nullptr) return std::nullopt;
  std::vector<SqsMessage> messages;
  for (const auto& value : *records) {
    if (!value.is_object() || string_at(value.get_object(), "eventSource") != "aws:sqs") return std::nullopt;
    const auto& record = value.get_object();
    SqsMessage message{string_at(record, "messageId"), string_at(record, "body"), 1};
    if (const auto* attributes = object_at(record, "attributes")) {
      message.receive_count = number_of(string_at(*attributes, "ApproximateReceiveCount", "1"));
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

std::string batch_answer(const std::vector<std::string>& failed_ids) {
  json::array failures;
  for (const auto& id : failed_ids) failures.push_back(json::object{{"itemIdentifier", id}});
  return json::serialize(json::object{{"batchItemFailures", std::move(failures)}});
}

std::optional<TenantId> task_event(const json::object& event) {
  if (string_at(event, "detail-type") != "ECS Task State Change") return std::nullopt;
  const auto* detail = object_at(event, "detail");
  const auto started_by = detail == nullptr ? "" : string_at(*detail, "startedBy");
  for (const auto& part : split(started_by, '/')) {
    try {
      return parse_tenant_id(part);
    } catch (const Error&) {
      // Somebody else's task, or a part that is not the tenant's id.
    }
  }
  return TenantId();
}

std::optional<TimePoint> clock_event(const json::object& event) {
  const auto source = string_at(event, "source");
  const bool scheduled = (source == "aws.events" || source == "aws.scheduler") &&
                         string_at(event, "detail-type").starts_with("Scheduled Event");
  if (!scheduled) return std::nullopt;
  return parse_rfc3339(string_at(event, "time")).value_or(TimePoint());
}

}  // namespace slipway::lambda
