#pragma once
#include <boost/json.hpp>
#include <string>

#include "contracts/runtime.hpp"
#include "drivers/runtime/docker/options.hpp"

namespace slipway::docker {

inline constexpr std::string_view installation_label = "slipway.installation";
inline constexpr std::string_view tenant_label = "slipway.tenant";
inline constexpr std::string_view managed_label = "slipway.managed";
inline constexpr std::string_view fingerprint_label = "slipway.fingerprint";

// The labels of what belongs to a tenant, or, with an empty id, to the installation.
boost::json::object labels_of(const InstallationId& installation, const TenantId& tenant);

std::string volume_name(const InstallationId& installation, const TenantId& tenant, std::string_view volume);

boost::json::object limits_of(const Plan& plan);  // as POST /containers/{id}/update takes them

// The body of POST /containers/create. Pure: the same in, the same out.
boost::json::object container_spec(const InstanceSpec& spec, const InstallationId& installation,
                                   const std::string& network, const DockerOptions& options);

}  // namespace slipway::docker
