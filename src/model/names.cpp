#include "model/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

constexpr std::size_t id_body_length = 20;
constexpr std::string_view lower_alnum = "0123456789abcdefghijklmnopqrstuvwxyz";

[[noreturn]] void refuse(std::string_view field, std::string why) {
  throw Error(ErrorKind::invalid, fmt::format("{}: {}", field, why)).on(std::string(field), why);
}

bool is_label(std::string_view s) {
  return !s.empty() && s.size() <= 63 && s.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-") == s.npos &&
         s.front() != '-' && s.back() != '-';
}

}  // namespace

TenantId parse_tenant_id(std::string_view text) {
  const bool ok = text.size() == id_body_length + 2 && text.starts_with("t_") &&
                  text.substr(2).find_first_not_of(lower_alnum) == std::string_view::npos;
  if (!ok) refuse("tenantId", "is not a tenant's id; one looks like t_01jdd2x8k40a1b2c3d4e");
  return TenantId(std::string(text));
}

UserId parse_user_id(std::string_view text) {
  if (text.empty() || text.size() > 128) refuse("userId", "must have 1 to 128 characters");
  const bool ok = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.:@|-").find(c) != std::string_view::npos;
  });
  if (!ok) refuse("userId", "may hold letters, digits and _ . : @ | - only");
  return UserId(std::string(text));
}

Slug parse_slug(std::string_view text) {
  std::string slug = lowered_ascii(trimmed(text));
  if (!is_label(slug)) {
    refuse("subdomain",
           "must be a DNS label: 1 to 63 letters, digits and hyphens, neither beginning nor ending with a hyphen");
  }
  return Slug(std::move(slug));
}

EmailAddress parse_email(std::string_view text) {
  const std::string address = trimmed(text);
  const auto at = address.rfind('@');
  if (address.empty() || at == std::string::npos || at == 0 || at + 1 == address.size()) {
    refuse("admin_email", "must be an e-mail address such as ann@example.com");
  }
  const std::string_view local = std::string_view(address).substr(0, at);
  const std::string domain = lowered_ascii(std::string_view(address).substr(at + 1));
  if (local.size() > 64 || address.size() > 254)
    refuse("admin_email", "is longer than an e-mail address may be (RFC 5321)");
  const bool local_ok = std::all_of(local.begin(), local.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+/=?^_`{|}~.-").find(c) != std::string_view::npos;
  });
  if (!local_ok || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) {
    refuse("admin_email", "has characters before the @ that mail systems do not take");
  }
  const auto labels = split(domain, '.');
  if (labels.size() < 2 || !std::all_of(labels.begin(), labels.end(), is_label) ||
      labels.back().find_first_not_of("0123456789") == std::string::npos) {
    refuse("admin_email", "must have a domain such as example.com after the @");
  }
  return EmailAddress(std::string(local) + "@" + domain);
}

CompanyName parse_company_name(std::string_view text) {
  const std::size_t raw = utf8_length(text);
  if (raw == std::string_view::npos) refuse("company_name", "is not valid UTF-8");
  const std::string name = trimmed(text);
  const std::size_t length = utf8_length(name);
  if (length < 1 || length > 120) refuse("company_name", "must have 1 to 120 characters");
  if (has_control_characters(name)) refuse("company_name", "must not hold control characters");
  if (has_invisible_characters(name)) refuse("company_name", "must not hold characters that cannot be seen");
  if (is_blank(name)) refuse("company_name", "must hold something that can be seen");
  return CompanyName(name);
}

IdempotencyKey parse_idempotency_key(std::string_view text) {
  const bool ok = !text.empty() && text.size() <= 255 &&
                  std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!ok) refuse("Idempotency-Key", "must be 1 to 255 printable ASCII characters");
  return IdempotencyKey(std::string(text));
}

std::string resource_prefix(const InstallationId& installation) { return "sw_" + installation.value() + "_"; }

std::string resource_name(const InstallationId& installation, const TenantId& tenant) {
  return resource_prefix(installation) + tenant.value().substr(2);
}

TenantId tenant_of_resource(const InstallationId& installation, std::string_view name) {
  const std::string prefix = resource_prefix(installation);
  if (!name.starts_with(prefix)) return {};
  const std::string_view body = name.substr(prefix.size());
  if (body.size() != id_body_length || body.find_first_not_of(lower_alnum) != std::string_view::npos) return {};
  return TenantId("t_" + std::string(body));
}

const std::vector<std::string>& default_reserved_slugs() {
  static const std::vector<std::string> names = {
      "admin", "api",      "assets",    "auth",   "billing", "blog",    "cdn",     "dashboard", "docs", "ftp",
      "imap",  "internal", "localhost", "login",  "mail",    "metrics", "ns",      "ns1",       "ns2",  "pop",
      "root",  "slipway",  "smtp",      "static", "status",  "support", "webhook", "webhooks",  "www"};
  return names;
}

}  // namespace slipway
