#include "lambda/work_queue.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::lambda {
namespace json = boost::json;
namespace {
constexpr unsigned longest_delay_seconds = 900;  // SQS: DelaySeconds
constexpr std::size_t batch_limit = 10;          // SQS: SendMessageBatch
}  // namespace

std::optional<unsigned> delay_seconds(const Work& work, Millis wait, TimePoint now) {
  Millis until = wait;
  if (work.due) until = std::max(until, std::chrono::duration_cast<Millis>(*work.due - now));
  if (until <= Millis(0)) return 0;
  const auto seconds = static_cast<std::uint64_t>((until.count() + 999) / 1000);
  if (seconds > longest_delay_seconds) return std::nullopt;
  return static_cast<unsigned>(seconds);
}

void SqsQueue::send(const Work& work, Millis wait) {
  const auto delay = delay_seconds(work, wait, clock_.now());
  if (!delay) return;
  sqs_.call("SendMessage",
            json::object{{"QueueUrl", url_}, {"MessageBody", to_message(work)}, {"DelaySeconds", *delay}});
}

void SqsQueue::send_all(const std::vector<Work>& works) {
  for (std::size_t begin = 0; begin < works.size(); begin += batch_limit) {
    json::array entries;
    for (std::size_t i = begin; i < std::min(works.size(), begin + batch_limit); ++i) {
      const auto delay = delay_seconds(works[i], Millis(0), clock_.now());
      if (!delay) continue;
      entries.push_back(
          json::object{{"Id", std::to_string(i)}, {"MessageBody", to_message(works[i])}, {"DelaySeconds", *delay}});
    }
    if (entries.empty()) continue;
    const auto answer =
        sqs_.call("SendMessageBatch", json::object{{"QueueUrl", url_}, {"Entries", std::move(entries)}});
    if (const auto* failed = array_at(answer, "Failed"); failed != nullptr && !failed->empty()) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("sqs: SendMessageBatch: {} messages were not taken", failed->size()));
    }
  }
}

}  // namespace slipway::lambda
