#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/mask.hpp"
#include "base/variables.hpp"
#include "model/app.hpp"
#include "model/mail_template.hpp"
#include "model/next_steps.hpp"

namespace slipway {

struct MailSettings {
  std::string from;
  std::string reply_to;
  std::string operator_address;                   // told of failed provisionings; empty: nobody
  std::string language = "en";                    // of customers whose metadata names no other ("language")
  std::map<std::string, MailTemplate> templates;  // by "<language>/<purpose>"
};

// What the engine is configured with: values only.
struct Settings {
  AppSpec app;
  EnvLookup variables;                // of the ${NAME} in the app's environment and command
  std::map<std::string, Plan> plans;  // by name; "default" is always there
  AccessSpec access;
  MailSettings mail;
  Policy policy;
  std::vector<std::string> reserved_slugs;
  Millis orphan_grace{3'600'000};  // from the first sighting of an orphan to its removal
  Millis sweep_interval{60'000};
  unsigned workers = 8;        // of the lane `engine`; the others have half as many
  unsigned boots_at_once = 0;  // see BootAdmission
  Mask secrets;                // of the configuration
};

// The plan of that name. Throws invalid where slipway.yaml has none.
const Plan& plan_named(const Settings& settings, const PlanName& name);

}  // namespace slipway
