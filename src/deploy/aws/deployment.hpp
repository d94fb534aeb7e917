#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "deploy/aws/account.hpp"
#include "deploy/aws/image.hpp"
#include "deploy/aws/report.hpp"
#include "deploy/aws/secrets.hpp"
#include "deploy/aws/stacks.hpp"
#include "drivers/runtime/docker/engine_client.hpp"

namespace slipway::deploy {

// All that a deployment is made of, read from this machine before anything is sent.
struct Wanted {
  Names names;
  Values data_parameters;  // of deploy/aws/data.yaml, where slipway.yaml sets them
  Values parameters;       // of deploy/aws/slipway.yaml
  std::string app_image;   // a reference that ECS can pull, or an image of the local Docker
  std::string function_zip;
  Image init;
  Secrets::Given secrets;  // those that come from slipway.yaml, by name
};

struct DeployOptions {
  bool yes = false;          // do not ask
  bool dry_run = false;      // change nothing
  bool new_machine = false;  // replace the machines by new ones with the newest Amazon Linux
};

// Brings one Slipway into an account, or brings the one that is there up to date. Every step finds what an earlier run
// did, so that a run that was interrupted is simply repeated.
class Deployment {
 public:
  Deployment(Account& account, docker::EngineClient& engine, Random& random, Report& report, const Clock& clock)
      : account_(account), engine_(engine), random_(random), report_(report), stacks_(account.cloudformation, clock) {}

  // The outputs of both stacks; nothing where the answer to a question was no, or for a dry run.
  std::optional<Values> run(const Wanted& wanted, const DeployOptions& options);

  // Puts an image of the local Docker into the account's repository and returns the reference by digest.
  std::string push(const Names& names, const std::string& image);

 private:
  std::optional<Stack> bring(const std::string& name, std::string_view file, const Values& parameters,
                             const DeployOptions& options);
  bool make_secrets(const Wanted& wanted, bool dry_run);
  std::string upload_code(const Wanted& wanted, const Values& data, bool dry_run);
  std::string push_init(const Wanted& wanted, const Values& data, bool dry_run);
  std::string bring_app(const Wanted& wanted, const Values& data, bool dry_run);
  std::string repository_uri(const std::string& name);
  Secret login(std::string* registry_url);

  Account& account_;
  docker::EngineClient& engine_;
  Random& random_;
  Report& report_;
  Stacks stacks_;
};

// The template of that name in deploy/aws, as it was built into this program.
std::string_view template_text(std::string_view file);

}  // namespace slipway::deploy
