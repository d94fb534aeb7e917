#include "lambda/handler.hpp"

#include <boost/json.hpp>

#include "base/json.hpp"
#include "lambda/http_event.hpp"

namespace slipway::lambda {
namespace {

// What a look at a tenant may need: it is not begun with less time than this, so that it is seldom cut off. Where it
// is, the tenant's lease runs out and the message comes again.
constexpr Millis time_to_work{15'000};
// The queue gives a message up after this many deliveries (deploy/aws/slipway.yaml, maxReceiveCount).
constexpr unsigned last_delivery = 5;
constexpr std::size_t due_limit = 500;  // a minute
constexpr std::chrono::minutes sweep_every{10};
constexpr Millis time_to_sweep{30'000};

}  // namespace

std::string Handler::handle(const Invocation& invocation) {
  const auto value = parse_json(invocation.event, "the event");
  if (!value.is_object()) throw Error(ErrorKind::invalid, "the event is no JSON object");
  const auto& event = value.get_object();
  if (is_http_event(event)) return http(event);
  if (const auto messages = sqs_messages(event)) return batch(*messages, invocation.deadline);
  if (const auto tenant = task_event(event)) {
    if (!tenant->value().empty()) parts_.worker.work({*tenant, std::nullopt});
    return "{}";
  }
  if (const auto due = clock_event(event)) {
    tick(*due, invocation.deadline);
    return "{}";
  }
  throw Error(ErrorKind::invalid,
              "an event that is none of an HTTP API (payload 2.0), SQS, an ECS Task State Change or a schedule");
}

std::string Handler::http(const boost::json::object& event) {
  auto request = request_of(event);
  if (const auto* refused = std::get_if<net::Response>(&request))
    return boost::json::serialize(answer_of(*refused, false));
  const auto& http = *object_at(*object_at(event, "requestContext"), "http");
  const bool is_head = string_at(http, "method") == "HEAD";
  const auto response = settle(parts_.router.handle(std::get<net::ServerRequest>(request)));
  return boost::json::serialize(answer_of(response, is_head));
}

std::string Handler::batch(const std::vector<SqsMessage>& messages, TimePoint deadline) {
  std::vector<std::string> failed;
  for (const auto& message : messages) {
    const bool in_time = deadline - parts_.clock.now() >= time_to_work;
    if (!in_time || !one(message)) failed.push_back(message.id);
  }
  return batch_answer(failed);
}

// False where the message should come again.
bool Handler::one(const SqsMessage& message) {
  std::optional<Work> work;
  try {
    work = parse_message(message.body);
    if (message.receive_count >= last_delivery) {
      parts_.worker.note(work->tenant, fmt::format("the work was begun {} times and did not come to its end",
                                                   message.receive_count - 1));
    }
    parts_.worker.work(*work);
    return true;
  } catch (const Error& error) {
    parts_.log.error(error.message(), {{"tenant", work ? work->tenant.value() : ""}, {"sqs_message", message.id}});
    if (!work || message.receive_count < last_delivery) return false;
    parts_.worker.give_up(work->tenant,
                          fmt::format("given up after {} tries: {}", message.receive_count, error.what()));
    return true;
  }
}

// What is due becomes messages, oldest first; now and then the world is held against the ledger.
void Handler::tick(TimePoint due, TimePoint deadline) {
  const TimePoint now = parts_.clock.now();
  std::vector<Work> works;
  for (const auto& id : parts_.store.due(now, due_limit)) works.push_back({id, now});
  parts_.queue.send_all(works);
  const bool sweeps =
      std::chrono::floor<std::chrono::minutes>(due).time_since_epoch() % sweep_every == std::chrono::minutes(0);
  if (sweeps && deadline - parts_.clock.now() >= time_to_sweep) parts_.sweeper.sweep(false);
}

}  // namespace slipway::lambda
