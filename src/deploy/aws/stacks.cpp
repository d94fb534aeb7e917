#include "deploy/aws/stacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace slipway::deploy {
namespace {

using aws::Parameters;
using aws::XmlElement;

constexpr std::chrono::seconds first_look{1}, between_looks{3};
constexpr std::chrono::minutes longest_wait{90};
constexpr std::size_t event_pages = 20;  // of 100 events each
constexpr std::string_view nothing_to_do[] = {"didn't contain changes", "No updates are to be performed"};

Values pairs(const XmlElement& stack, std::string_view path, std::string_view key, std::string_view value) {
  Values found;
  for (const XmlElement* member : stack.all(path)) found[member->text_at(key)] = member->text_at(value);
  return found;
}

bool says_absent(const aws::ServiceError& e) { return e.message().find("does not exist") != std::string::npos; }

void wait_a_little(unsigned looks) { std::this_thread::sleep_for(looks < 5 ? first_look : between_looks); }

}  // namespace

std::optional<Stack> Stacks::find(const std::string& name) {
  XmlElement answer;
  try {
    answer = aws_.call("DescribeStacks", Parameters{{"StackName", name}});
  } catch (const aws::ServiceError& e) {
    if (says_absent(e) || e.kind() == ErrorKind::not_found) return std::nullopt;
    throw;
  }
  const auto found = answer.all("DescribeStacksResult/Stacks/member");
  if (found.empty()) return std::nullopt;
  const XmlElement& one = *found.front();
  Stack stack{one.text_at("StackId"), one.text_at("StackStatus"), one.text_at("StackStatusReason"),
              pairs(one, "Outputs/member", "OutputKey", "OutputValue"),
              pairs(one, "Parameters/member", "ParameterKey", "ParameterValue")};
  if (stack.status == "DELETE_COMPLETE") return std::nullopt;
  return stack;
}

Plan Stacks::plan(const std::string& name, const std::string& text, const Values& parameters, const ShowEvent& show) {
  settle(name, show);
  const std::optional<Stack> present = find(name);
  const bool update = present && present->exists();
  // A name of its own for each try: one that is taken is refused.
  const std::string change_set = fmt::format("slipway-{}", clock_.now().time_since_epoch().count());
  Parameters request{{"StackName", name},
                     {"ChangeSetName", change_set},
                     {"ChangeSetType", update ? "UPDATE" : "CREATE"},
                     {"TemplateBody", text},
                     {"Capabilities.member.1", "CAPABILITY_IAM"},
                     {"Tags.member.1.Key", "slipway"},
                     {"Tags.member.1.Value", name}};
  std::size_t number = 0;
  for (const auto& [key, value] : parameters) {
    const std::string at = fmt::format("Parameters.member.{}.", ++number);
    request.emplace_back(at + "ParameterKey", key);
    request.emplace_back(at + "ParameterValue", value);
  }
  aws_.call("CreateChangeSet", request);
  return described(name, change_set);
}

Plan Stacks::described(const std::string& name, const std::string& change_set) {
  Plan plan{name, change_set, {}};
  const TimePoint deadline = clock_.now() + longest_wait;
  std::string next;
  for (unsigned looks = 0;;) {
    Parameters request{{"StackName", name}, {"ChangeSetName", change_set}};
    if (!next.empty()) request.emplace_back("NextToken", next);
    const XmlElement answer = aws_.call("DescribeChangeSet", request);
    const std::string status = answer.text_at("DescribeChangeSetResult/Status");
    const std::string reason = answer.text_at("DescribeChangeSetResult/StatusReason");
    if (status == "FAILED") {
      discard(plan);
      const bool none = std::any_of(std::begin(nothing_to_do), std::end(nothing_to_do),
                                    [&](std::string_view words) { return reason.find(words) != std::string::npos; });
      if (none) return {name, "", {}};
      throw Error(ErrorKind::invalid, fmt::format("stack {}: CloudFormation refuses the change: {}", name, reason));
    }
    if (status != "CREATE_COMPLETE") {
      if (clock_.now() > deadline) {
        throw Error(ErrorKind::unavailable, fmt::format("stack {}: no plan came in {}", name, human(longest_wait)));
      }
      wait_a_little(looks++);
      continue;
    }
    for (const XmlElement* member : answer.all("DescribeChangeSetResult/Changes/member/ResourceChange")) {
      plan.changes.push_back({member->text_at("Action"), member->text_at("LogicalResourceId"),
                              member->text_at("ResourceType"), member->text_at("Replacement") == "True"});
    }
    next = answer.text_at("DescribeChangeSetResult/NextToken");
    if (next.empty()) return plan;
  }
}

void Stacks::discard(const Plan& plan) {
  if (plan.change_set.empty()) return;
  aws_.call("DeleteChangeSet", Parameters{{"StackName", plan.stack}, {"ChangeSetName", plan.change_set}});
  const std::optional<Stack> left = find(plan.stack);
  if (left && !left->exists()) aws_.call("DeleteStack", Parameters{{"StackName", plan.stack}});
}

Stack Stacks::apply(const Plan& plan, const ShowEvent& show) {
  const std::optional<Stack> before = find(plan.stack);
  if (!before) throw Error(ErrorKind::not_found, fmt::format("there is no stack {} any more", plan.stack));
  if (plan.change_set.empty()) return *before;
  const std::string newest = newest_event(before->id);
  aws_.call("ExecuteChangeSet", Parameters{{"StackName", plan.stack}, {"ChangeSetName", plan.change_set}});
  std::string first_failure;
  const std::optional<Stack> after = follow(before->id, newest, [&](const StackEvent& event) {
    if (first_failure.empty() && event.status.ends_with("_FAILED")) {
      first_failure = fmt::format("{} ({}): {}", event.name, event.type, event.reason);
    }
    show(event);
  });
  if (after && (after->status == "CREATE_COMPLETE" || after->status == "UPDATE_COMPLETE")) return *after;
  throw Error(
      ErrorKind::internal,
      fmt::format("stack {} ended as {}: {}. Everything was put back; run the command again once that is mended",
                  plan.stack, after ? after->status : "deleted",
                  !first_failure.empty() ? first_failure
                  : after                ? after->reason
                                         : "it is gone"));
}

void Stacks::remove(const std::string& name, const ShowEvent& show) {
  const std::optional<Stack> present = find(name);
  if (!present) return;
  const std::string newest = newest_event(present->id);
  if (present->status != "DELETE_IN_PROGRESS") aws_.call("DeleteStack", Parameters{{"StackName", name}});
  std::string failures;
  const std::optional<Stack> after = follow(present->id, newest, [&](const StackEvent& event) {
    if (event.status == "DELETE_FAILED")
      failures += fmt::format("\n  {} ({}): {}", event.name, event.type, event.reason);
    show(event);
  });
  if (after && after->status != "REVIEW_IN_PROGRESS") {
    throw Error(ErrorKind::internal, fmt::format("stack {} is not deleted: {}{}", name, after->status, failures));
  }
}

// A stack in the middle of something cannot be changed, and one whose first creation failed can only be removed.
void Stacks::settle(const std::string& name, const ShowEvent& show) {
  std::optional<Stack> present = find(name);
  if (present && present->busy()) present = follow(present->id, newest_event(present->id), show);
  if (!present) return;
  if (present->status == "ROLLBACK_COMPLETE" || present->status == "ROLLBACK_FAILED" ||
      present->status == "CREATE_FAILED") {
    remove(name, show);
  } else if (present->status == "UPDATE_ROLLBACK_FAILED" || present->status == "DELETE_FAILED") {
    throw Error(ErrorKind::conflict,
                fmt::format("stack {} is {}: {}. Open it in the CloudFormation console: its events say which resource "
                            "is in the way; then choose \"Continue update rollback\" or \"Delete\", and run this again",
                            name, present->status, present->reason));
  }
}

std::vector<StackEvent> Stacks::events_after(const std::string& id, const std::string& after) {
  std::vector<StackEvent> found;
  std::string next;
  bool reached = false;
  for (std::size_t page = 0; page < event_pages && !reached; ++page) {
    Parameters request{{"StackName", id}};
    if (!next.empty()) request.emplace_back("NextToken", next);
    const XmlElement answer = aws_.call("DescribeStackEvents", request);
    for (const XmlElement* member : answer.all("DescribeStackEventsResult/StackEvents/member")) {
      reached = member->text_at("EventId") == after;
      if (reached) break;
      found.push_back({member->text_at("EventId"), member->text_at("ResourceStatus"),
                       member->text_at("LogicalResourceId"), member->text_at("ResourceType"),
                       member->text_at("ResourceStatusReason")});
    }
    next = answer.text_at("DescribeStackEventsResult/NextToken");
    reached = reached || next.empty();
  }
  std::reverse(found.begin(), found.end());  // AWS gives the newest first
  return found;
}

std::string Stacks::newest_event(const std::string& id) {
  const XmlElement answer = aws_.call("DescribeStackEvents", Parameters{{"StackName", id}});
  const auto events = answer.all("DescribeStackEventsResult/StackEvents/member");
  return events.empty() ? std::string() : events.front()->text_at("EventId");
}

std::optional<Stack> Stacks::follow(const std::string& id, std::string after, const ShowEvent& show) {
  const TimePoint deadline = clock_.now() + longest_wait;
  for (unsigned looks = 0;; ++looks) {
    const std::optional<Stack> stack = find(id);
    std::vector<StackEvent> events;
    try {
      events = events_after(id, after);
    } catch (const aws::ServiceError& e) {
      if (stack || !says_absent(e)) throw;  // a deleted stack may have no events any more
    }
    for (const StackEvent& event : events) {
      show(event);
      after = event.id;
    }
    if (!stack || !stack->busy()) return stack;
    if (clock_.now() > deadline) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("stack {} is still {} after {}; run the command again to go on watching", id,
                              stack->status, human(longest_wait)));
    }
    wait_a_little(looks);
  }
}

}  // namespace slipway::deploy
