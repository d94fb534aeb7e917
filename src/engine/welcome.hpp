#pragma once
#include <string>
#include <string_view>

#include "contracts/mailer.hpp"
#include "engine/settings.hpp"
#include "model/tenant.hpp"

namespace slipway {

constexpr std::size_t mails_kept = 20;

// From now on a mail is owed to somebody. Its key never changes, also when the engine tries again after a crash, and is
// never given twice. A row keeps its newest 20 mails, whatever is owed among them, and the newest of each purpose;
// where 20 are owed already, those tell the operator.
void owe_mail(Tenant& tenant, std::string_view purpose);

// The mail's text in the customer's language (`language` of the sign-up's metadata, else as configured). The same at
// every try, whatever became of the tenant meanwhile: a provider refuses another text under the same key.
Message compose_mail(const Settings& settings, const Tenant& tenant, const Mail& mail);

}  // namespace slipway
