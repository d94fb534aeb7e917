#pragma once
#include <functional>
#include <stop_token>
#include <string>

#include "deploy/aws/account.hpp"

namespace slipway::deploy {

struct LogsOptions {
  std::string group;
  Millis since{600'000};  // before now
  bool follow = false;
};

// Hands over each line of a log group with its time and the stream's name, oldest first; with `follow` until stopped.
void read_logs(aws::Client& logs, const LogsOptions& options, const Clock& clock, std::stop_token stop,
               const std::function<void(TimePoint at, const std::string& stream, const std::string& line)>& show);

}  // namespace slipway::deploy
