#pragma once
#include <string>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway::ecs {

// Where tasks run and under which names; the same for tenants' instances and for the tasks that mind their databases.
struct Place {
  std::string region;
  std::string cluster;            // name or ARN
  std::string parameters;         // SSM path prefix without a slash at its end: "/slipway/<stack>"
  std::string execution_role;     // ARN: pulls images, reads parameters, writes logs
  std::string log_group;          // of CloudWatch Logs; empty: no logs are kept
  std::string capacity_provider;  // empty: launch type EC2, any instance of the cluster
  std::string init_image;         // slipway-init
  std::string database_host;      // as a task of the cluster reaches Postgres
  std::uint16_t database_port = 5432;
  std::string database_admin = "postgres";  // its role; the password is the parameter admin_password_parameter()

  std::string tenants_path() const { return parameters + "/tenants"; }
  std::string tenant_path(const TenantId& tenant) const { return tenants_path() + "/" + tenant.value(); }
  std::string env_path(const TenantId& tenant) const { return tenant_path(tenant) + "/env"; }
  std::string password_parameter(const TenantId& tenant) const { return tenant_path(tenant) + "/database/password"; }
  std::string admin_password_parameter() const { return parameters + "/database/admin_password"; }
};

// Names of containers in a task.
constexpr const char* app_container = "app";
constexpr const char* init_container = "init";

// Keys of tags.
constexpr const char* installation_tag = "slipway:installation";
constexpr const char* tenant_tag = "slipway:tenant";
constexpr const char* boot_tag = "slipway:boot";
constexpr const char* spec_tag = "slipway:spec";

}  // namespace slipway::ecs
