#include "drivers/ecs_common/failure.hpp"

#include <fmt/format.h>

#include <array>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::ecs {
namespace {

constexpr Millis capacity_wait{60'000};
constexpr Millis agent_wait{10'000};

struct Words {
  std::string_view prefix;
  std::string_view says;
  ErrorKind kind;
};

// Source: ECS, "API failures"; what RunTask and StartTask may say.
constexpr std::array failures{
    Words{"RESOURCE:MEMORY",
          "no instance of the cluster has enough free memory; delete or shrink tenants, or let the "
          "cluster grow",
          ErrorKind::limited},
    Words{"RESOURCE:CPU",
          "no instance of the cluster has enough free CPU units; delete or shrink tenants, or let the "
          "cluster grow",
          ErrorKind::limited},
    Words{"RESOURCE:PORT", "the host port is in use on every instance of the cluster", ErrorKind::limited},
    Words{"RESOURCE:ENI", "no instance of the cluster has a free network interface; let the cluster grow",
          ErrorKind::limited},
    Words{"RESOURCE:GPU", "no instance of the cluster has a free GPU", ErrorKind::limited},
    Words{"RESOURCE", "the cluster lacks a resource that the task asks for", ErrorKind::limited},
    Words{"EMPTY CAPACITY PROVIDER", "the capacity provider has no instance; look at its Auto Scaling group",
          ErrorKind::limited},
    Words{"NO ACTIVE INSTANCES", "the capacity provider has no active instance; look at its Auto Scaling group",
          ErrorKind::limited},
    Words{"AGENT",
          "the ECS agent of the instance is not connected; it is tried again, and if this lasts, look at the "
          "instance (systemctl status ecs)",
          ErrorKind::unavailable},
    Words{"ATTRIBUTE",
          "no instance of the cluster has an attribute that the task definition needs; a newer ECS "
          "agent or another instance type has it",
          ErrorKind::invalid},
    Words{"LOCATION", "the instances of the cluster are in another place than the task asks for", ErrorKind::invalid},
    Words{"MemberOf placement constraint unsatisfied", "no instance of the cluster fulfils the placement constraint",
          ErrorKind::invalid},
    Words{"INACTIVE", "the task definition or the instance is not active any more", ErrorKind::unavailable},
    Words{"MISSING", "what was asked for is not there", ErrorKind::unavailable},
};

bool contains(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

// The registry says that the image is not there, or is not for us: no waiting changes that.
bool says_no_image(std::string_view lowered) {
  return contains(lowered, "not found") || contains(lowered, "does not exist") || contains(lowered, "no such image") ||
         contains(lowered, "manifest unknown") || contains(lowered, "access denied") ||
         contains(lowered, "invalid reference format");
}

std::string container_reasons(const boost::json::object& task) {
  std::string text;
  const auto* containers = array_at(task, "containers");
  if (containers == nullptr) return text;
  for (const auto& value : *containers) {
    if (!value.is_object()) continue;
    const std::string reason = string_at(value.get_object(), "reason");
    if (reason.empty() || contains(text, reason)) continue;
    text += (text.empty() ? "" : "; ") + string_at(value.get_object(), "name") + ": " + reason;
  }
  return text;
}

}  // namespace

Error error_of_failure(std::string_view doing, std::string_view reason, std::string_view detail) {
  std::string said(reason.empty() ? "ECS placed no task and gave no reason" : reason);
  if (!detail.empty()) said += fmt::format(" ({})", detail);
  for (const Words& words : failures) {
    if (!reason.starts_with(words.prefix)) continue;
    Error error(words.kind, fmt::format("ecs: {}: {}: {}", doing, said, words.says));
    if (words.kind == ErrorKind::limited) return std::move(error).after(capacity_wait);
    if (words.kind == ErrorKind::unavailable) return std::move(error).after(agent_wait);
    return error;
  }
  return Error(ErrorKind::unavailable, fmt::format("ecs: {}: {}", doing, said)).after(agent_wait);
}

StopReason reason_of_stop(const boost::json::object& task) {
  const std::string code = string_at(task, "stopCode");
  const std::string reason = string_at(task, "stoppedReason");
  const std::string containers = container_reasons(task);
  std::string detail = reason;
  if (!containers.empty() && !contains(detail, containers)) detail += (detail.empty() ? "" : "; ") + containers;
  const std::string lowered = lowered_ascii(detail);

  StopReason stop;
  if (code == "TaskFailedToStart") {
    stop.no_room = contains(detail, "RESOURCE:") || contains(detail, "EMPTY CAPACITY PROVIDER") ||
                   contains(detail, "NO ACTIVE INSTANCES");
    stop.hopeless = contains(lowered, "cannotpullcontainererror") && says_no_image(lowered);
    stop.words = stop.no_room ? error_of_failure("start task", reason, containers).message()
                              : "the task could not be started: " + detail;
  } else if (code == "SpotInterruption" || code == "TerminationNotice") {
    stop.words = fmt::format("the machine is being taken away ({}): {}", code, detail);
  } else if (code == "UserInitiated" || code == "ServiceSchedulerInitiated") {
    stop.words = detail;
  } else {
    stop.words = containers.empty() ? "" : containers;  // the exit code tells the rest
    if (contains(lowered, "cannotpullcontainererror")) {
      stop.words = "the task could not be started: " + detail;
      stop.hopeless = says_no_image(lowered);
    }
  }
  return stop;
}

bool says_out_of_memory(std::string_view reason) { return contains(reason, "OutOfMemory"); }

}  // namespace slipway::ecs
