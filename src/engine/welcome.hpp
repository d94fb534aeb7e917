#pragma once
#include <string>
#include <string_view>

#include "contracts/mailer.hpp"
#include "engine/settings.hpp"
#include "model/tenant.hpp"

namespace slipway {

// A mail that is owed to somebody from now on. Its key never changes, also when the engine tries again after a crash.
Mail new_mail(const Tenant& tenant, std::string_view purpose);

// The mail's text in the customer's language (`language` of the sign-up's metadata, else as configured). The same at
// every try, whatever became of the tenant meanwhile: a provider refuses another text under the same key.
Message compose_mail(const Settings& settings, const Tenant& tenant, const Mail& mail);

}  // namespace slipway
