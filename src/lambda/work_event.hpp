#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/names.hpp"

// Events that say that a tenant should be looked at. Pure functions. An event never carries the decision.
namespace slipway::lambda {

// A tenant to be looked at: at once, or because it falls due at this time.
struct Work {
  TenantId tenant;
  std::optional<TimePoint> due;
};

// A message's body: {"tenant": "t_…", "due": 1764100000000}.
std::string to_message(const Work& work);
Work parse_message(const std::string& body);  // throws invalid

struct SqsMessage {
  std::string id;
  std::string body;
  unsigned receive_count = 1;  // this one included
};

// The messages of an SQS batch, or nothing where the event is none.
std::optional<std::vector<SqsMessage>> sqs_messages(const boost::json::object& event);
// The answer of a function with ReportBatchItemFailures: these come again, the others are done.
std::string batch_answer(const std::vector<std::string>& failed_ids);

// The tenant whose task an "ECS Task State Change" is about; an empty id where the task is not one of a tenant's;
// nothing where the event is another one. Slipway names the tenant in `startedBy`.
std::optional<TenantId> task_event(const boost::json::object& event);

// When a clock's event (EventBridge's rules and its scheduler) was due; nothing where the event is another one.
std::optional<TimePoint> clock_event(const boost::json::object& event);

}  // namespace slipway::lambda
