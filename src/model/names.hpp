#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.hpp"

// The names and numbers of the business, each a type of its own. The parse functions take what a stranger sent and
// throw Error(invalid) naming the field.
namespace slipway {

using TenantId = Strong<struct TenantIdTag, std::string>;  // "t_" and 20 characters of [0-9a-z]
using UserId = Strong<struct UserIdTag, std::string>;      // the founder's own id of the customer
using Slug = Strong<struct SlugTag, std::string>;          // a DNS label, lower case
using EmailAddress = Strong<struct EmailAddressTag, std::string>;
using CompanyName = Strong<struct CompanyNameTag, std::string>;
using PlanName = Strong<struct PlanNameTag, std::string>;
using IdempotencyKey = Strong<struct IdempotencyKeyTag, std::string>;
using Port = Strong<struct PortTag, std::uint16_t>;
using InstallationId = Strong<struct InstallationIdTag, std::string>;  // 6 characters of [0-9a-z]; one per ledger

TenantId parse_tenant_id(std::string_view text);
UserId parse_user_id(std::string_view text);      // 1..128 of [A-Za-z0-9_.:@|-]
Slug parse_slug(std::string_view text);           // RFC 1123 label, lower-cased, 1..63
EmailAddress parse_email(std::string_view text);  // RFC 5321 lengths, one @, a dotted domain; no quoting, no controls
CompanyName parse_company_name(std::string_view text);        // trimmed, 1..120 code points, no control characters
IdempotencyKey parse_idempotency_key(std::string_view text);  // 1..255 printable ASCII

// The name of everything that is made for a tenant in the world (container, database, role): "sw_4k2x9q_01jd…".
// It is valid and unambiguous for Docker and Postgres, and says which installation made it.
std::string resource_name(const InstallationId& installation, const TenantId& tenant);
std::string resource_prefix(const InstallationId& installation);

// The tenant whose resource bears this name, or an empty id where the name is not one of this installation's.
TenantId tenant_of_resource(const InstallationId& installation, std::string_view name);

// Names that no customer may take ("www", "admin", …): the default of `limits.reserved_subdomains`.
const std::vector<std::string>& default_reserved_slugs();

}  // namespace slipway
