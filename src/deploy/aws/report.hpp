#pragma once
#include <string>

#include "cli/context.hpp"
#include "deploy/aws/stacks.hpp"

namespace slipway::deploy {

// What a deployment tells while it runs: on standard output, or on standard error where that is for JSON.
class Report {
 public:
  explicit Report(cli::Context& context) : context_(context) {}

  void heading(const std::string& text);
  void done(const std::string& text);   // "  ✓ text"
  void would(const std::string& text);  // "  · text"
  void plan(const Plan& plan);
  void event(const StackEvent& event);
  ShowEvent show_events() {
    return [this](const StackEvent& e) { event(e); };
  }
  // Asks on the terminal; throws invalid where there is none.
  bool agreed(const std::string& question);

 private:
  std::ostream& out() const;

  cli::Context& context_;
};

}  // namespace slipway::deploy
