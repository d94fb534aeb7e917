#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/client.hpp"

namespace slipway::deploy {

using Values = std::map<std::string, std::string>;

struct Stack {
  std::string id;
  std::string status;  // "CREATE_COMPLETE"
  std::string reason;
  Values outputs;
  Values parameters;

  bool busy() const { return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"; }
  bool exists() const { return status != "REVIEW_IN_PROGRESS"; }
};

struct Change {
  std::string action;  // "Add", "Modify", "Remove"
  std::string name;    // the resource's, in the template
  std::string type;    // "AWS::SQS::Queue"
  bool replaced = false;
};

// What CloudFormation would do; nothing has been done yet.
struct Plan {
  std::string stack;
  std::string change_set;  // empty: there is nothing to do
  std::vector<Change> changes;
};

struct StackEvent {
  std::string id;
  std::string status;
  std::string name;
  std::string type;
  std::string reason;
};
using ShowEvent = std::function<void(const StackEvent&)>;

// Stacks of CloudFormation. Calls that wait show what happens meanwhile and go on where an earlier one was interrupted.
// Errors: those of aws::Client; conflict where the stack is in a state that only a person can mend; internal with
// CloudFormation's own reasons where a change failed and was rolled back.
class Stacks {
 public:
  Stacks(aws::Client& cloudformation, const Clock& clock) : aws_(cloudformation), clock_(clock) {}

  std::optional<Stack> find(const std::string& name);

  // Waits for what is still going on, and removes a stack whose very first creation failed. Then asks CloudFormation
  // what it would do.
  Plan plan(const std::string& name, const std::string& text, const Values& parameters, const ShowEvent& show);
  // Does it, and waits until it is done.
  Stack apply(const Plan& plan, const ShowEvent& show);
  // Takes the plan away; a stack that exists for it alone goes, too.
  void discard(const Plan& plan);

  // Absent is success.
  void remove(const std::string& name, const ShowEvent& show);

 private:
  // Until the stack is busy no more; nothing where it is gone. `after` is the last event that was seen before.
  std::optional<Stack> follow(const std::string& id, std::string after, const ShowEvent& show);
  std::string newest_event(const std::string& id);
  std::vector<StackEvent> events_after(const std::string& id, const std::string& after);
  void settle(const std::string& name, const ShowEvent& show);
  Plan described(const std::string& name, const std::string& change_set);

  aws::Client& aws_;
  const Clock& clock_;
};

}  // namespace slipway::deploy
