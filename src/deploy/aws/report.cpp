#include "deploy/aws/report.hpp"

#include <fmt/format.h>

#include <istream>
#include <ostream>

#include "base/error.hpp"
#include "cli/text.hpp"

namespace slipway::deploy {

using cli::Colour;
using cli::painted;
using cli::safe;

std::ostream& Report::out() const { return context_.json ? context_.err : context_.out; }

void Report::heading(const std::string& text) {
  out() << painted(safe(text), Colour::bold, context_.colours) << "\n" << std::flush;
}

void Report::done(const std::string& text) {
  out() << "  " << painted("✓", Colour::green, context_.colours) << " " << safe(text) << "\n" << std::flush;
}

void Report::would(const std::string& text) { out() << "  · " << safe(text) << "\n" << std::flush; }

void Report::plan(const Plan& plan) {
  if (plan.change_set.empty()) {
    heading(fmt::format("stack {}: nothing to change", plan.stack));
    return;
  }
  heading(fmt::format("stack {}: {} change{}", plan.stack, plan.changes.size(), plan.changes.size() == 1 ? "" : "s"));
  for (const Change& change : plan.changes) {
    const bool loss = change.replaced || change.action == "Remove";
    const std::string mark = change.replaced             ? "±"
                             : change.action == "Add"    ? "+"
                             : change.action == "Remove" ? "-"
                                                         : "~";
    out() << "  " << painted(mark, loss ? Colour::red : Colour::green, context_.colours) << " " << safe(change.name)
          << " (" << safe(change.type) << ")" << (change.replaced ? ", replaced by a new one" : "") << "\n";
  }
  out() << std::flush;
}

void Report::event(const StackEvent& event) {
  const auto ends = [&](std::string_view end) { return event.status.ends_with(end); };
  if (ends("_COMPLETE")) {
    const std::string_view what = event.status.starts_with("DELETE")   ? "deleted"
                                  : event.status.starts_with("UPDATE") ? "updated"
                                                                       : "created";
    if (event.status.find("CLEANUP") == std::string::npos) done(fmt::format("{} {}", event.name, what));
  } else if (ends("_FAILED")) {
    out() << "  " << painted("✗", Colour::red, context_.colours) << " " << safe(event.name) << ": "
          << safe(event.reason.empty() ? event.status : event.reason) << "\n"
          << std::flush;
  }
}

bool Report::agreed(const std::string& question) {
  if (!context_.in_is_terminal) {
    throw Error(ErrorKind::invalid, fmt::format("{} Without a terminal to ask on, this needs --yes", question));
  }
  out() << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(context_.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace slipway::deploy
