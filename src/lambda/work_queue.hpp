#pragma once
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "lambda/work_event.hpp"

namespace slipway::lambda {

// Where work is left for later. What is lost here is found again by the clock's event, in the ledger's due index.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  // To be received at `work.due` (nothing: at once), at most 15 minutes from now; later ones are left to the ledger.
  // `wait`: not before, for work without a due time.
  virtual void send(const Work& work, Millis wait = Millis(0)) = 0;
  virtual void send_all(const std::vector<Work>& works) = 0;
};

// SQS. Errors as of aws::Client.
class SqsQueue : public WorkQueue {
 public:
  SqsQueue(aws::Client& sqs, std::string url, const Clock& clock) : sqs_(sqs), url_(std::move(url)), clock_(clock) {}

  void send(const Work& work, Millis wait) override;
  void send_all(const std::vector<Work>& works) override;

 private:
  aws::Client& sqs_;
  const std::string url_;
  const Clock& clock_;
};

// SQS counts delays in whole seconds: rounded up, so that nothing comes too early. Nothing where it is too far ahead.
std::optional<unsigned> delay_seconds(const Work& work, Millis wait, TimePoint now);

}  // namespace slipway::lambda
