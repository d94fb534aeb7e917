#pragma once
#include <vector>

#include "contracts/database.hpp"
#include "contracts/runtime.hpp"
#include "engine/settings.hpp"
#include "model/app.hpp"
#include "model/tenant.hpp"

namespace slipway {

// The environment of a tenant's instance: that of the release with its ${NAME} and templates replaced, and PORT unless
// it is set there. Throws invalid if slipway.yaml lacks a secret that the release takes from there.
std::vector<EnvVar> instance_env(const AppSpec& release, const Settings& settings, const Tenant& tenant,
                                 const std::string& url, const DatabaseAccess& database);

// "the app exited with code 1 after 0.3 s", "the app was killed for lack of memory …", "the instance was removed …".
std::string describe_exit(const std::optional<Instance>& instance, Millis ran);

// The same for the customer.
ReasonCode code_of_exit(const std::optional<Instance>& instance);

// `; its last words: "…"` on one line without control characters, at most `limit_bytes` of the end; empty for no text.
std::string quoted_last_words(std::string_view log, std::size_t limit_bytes);

}  // namespace slipway
