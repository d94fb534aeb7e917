#pragma once
#include <filesystem>

#include "config/config.hpp"
#include "deploy/aws/deployment.hpp"

namespace slipway {

// Where the two programs are that run in the account; empty: beside this one, where they are installed.
struct AwsPrograms {
  std::filesystem::path function;  // "bootstrap", the Lambda
  std::filesystem::path init;      // "slipway-init"
};

// What a deployment of this configuration is made of. Reads the programs and the file. Throws invalid for what can only
// be meant for this machine, and not_found where a program is missing.
deploy::Wanted wanted_of(const Config& config, const AwsPrograms& programs);

}  // namespace slipway
