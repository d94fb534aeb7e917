#pragma once
#include <cstdint>
#include <string>

#include "config/config.hpp"

namespace slipway {

// What the function's environment says: where it is and which resources of the account are its own. The template
// (deploy/aws) sets these.
struct FunctionPlace {
  std::string region;             // AWS_REGION
  std::string runtime_api;        // AWS_LAMBDA_RUNTIME_API
  std::string task_root;          // LAMBDA_TASK_ROOT: where the zip was unpacked, with slipway.yaml in it
  std::string table;              // SLIPWAY_TABLE
  std::string queue_url;          // SLIPWAY_QUEUE_URL
  std::string cluster;            // SLIPWAY_CLUSTER
  std::string parameters;         // SLIPWAY_PARAMETERS: SSM path prefix, "/slipway/<stack>"
  std::string init_image;         // SLIPWAY_INIT_IMAGE
  std::string app_image;          // SLIPWAY_APP_IMAGE; empty: slipway.yaml's
  std::string execution_role;     // SLIPWAY_EXECUTION_ROLE
  std::string log_group;          // SLIPWAY_LOG_GROUP; empty: tenants' logs are not kept
  std::string capacity_provider;  // SLIPWAY_CAPACITY_PROVIDER; empty: launch type EC2
  std::string database_host;      // SLIPWAY_DB_HOST: Postgres as a tenant's task reaches it
  std::uint16_t database_port = 5432;
};

// Throws invalid that names every variable that is missing.
FunctionPlace function_place(const EnvLookup& env);

}  // namespace slipway
