#pragma once
#include <functional>
#include <string>

#include "api/router.hpp"
#include "lambda/runtime_api.hpp"
#include "lambda/worker.hpp"

namespace slipway::lambda {

// Takes every event that the function is given to where it belongs: HTTP to the router, messages and task events to the
// worker, the clock to what is due. Throws invalid for an event that is none of these.
class Handler {
 public:
  struct Parts {
    const api::Router& router;
    Worker& worker;
    WorkQueue& queue;
    Store& store;
    Sweeper& sweeper;
    const Clock& clock;
    Log log;
  };
  explicit Handler(Parts parts) : parts_(std::move(parts)) {}

  // The answer, as JSON.
  std::string handle(const Invocation& invocation);

 private:
  std::string http(const boost::json::object& event);
  std::string batch(const std::vector<SqsMessage>& messages, TimePoint deadline);
  bool one(const SqsMessage& message);
  void tick(TimePoint due, TimePoint deadline);

  Parts parts_;
};

}  // namespace slipway::lambda
