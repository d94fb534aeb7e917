#include "contracts/store.hpp"

#include <algorithm>

namespace slipway {
namespace {

// Made by us, for a sign-up that names no user: another one at each try.
bool is_made(const UserId& id) { return id.value().size() == 22 && id.value().starts_with("u_"); }

// By their names in POST /provision.
std::vector<std::string> changed_fields(const SignUp& kept, const SignUp& asked) {
  std::vector<std::string> changed;
  const auto compare = [&](const char* name, bool same) {
    if (!same) changed.emplace_back(name);
  };
  compare("admin_email", kept.admin_email == asked.admin_email);
  compare("subdomain", kept.slug == asked.slug);
  compare("company_name", kept.company_name == asked.company_name);
  compare("userId", kept.user_id == asked.user_id || (is_made(kept.user_id) && is_made(asked.user_id)));
  compare("plan", kept.plan == asked.plan);
  compare("metadata", kept.metadata == asked.metadata);
  return changed;
}

}  // namespace

Refused other_body(const SignUp& kept, const SignUp& asked) {
  return {"Idempotency-Key", "this key was used before with another request", changed_fields(kept, asked)};
}

std::optional<Refused> other_content(const SignUp& kept, const SignUp& asked) {
  auto changed = changed_fields(kept, asked);
  if (changed.empty()) return std::nullopt;
  return Refused{"userId",
                 kept.slug == asked.slug ? "this user has a tenant already, made with other content"
                                         : "this user has a tenant already, at another subdomain",
                 std::move(changed)};
}

std::vector<TenantId> Store::ids(Status status, const std::string& after, std::size_t limit) {
  TenantFilter filter;
  filter.status = status;
  filter.after = after;
  std::vector<TenantId> found;
  while (found.size() < limit) {
    filter.limit = std::min<std::size_t>(limit - found.size(), 1'000);
    const auto page = list(filter);
    for (const Tenant& tenant : page) found.push_back(tenant.id);
    if (page.size() < filter.limit) break;
    filter.after = page.back().id.value();
  }
  return found;
}

}  // namespace slipway
