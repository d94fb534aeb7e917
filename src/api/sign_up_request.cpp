#include "api/sign_up_request.hpp"

#include "api/body.hpp"
#include "base/crypto.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

PlanName parse_plan_name(std::string_view text) { return PlanName(std::string(text)); }

}  // namespace

SignUp parse_sign_up(json::object body) {
  BodyReader reader(std::move(body), {"admin_email", "subdomain", "company_name", "userId", "plan", "metadata"});
  SignUp sign_up;
  sign_up.plan = PlanName("default");
  reader.read("admin_email", true, sign_up.admin_email, parse_email);
  reader.read("subdomain", true, sign_up.slug, parse_slug);
  reader.read("company_name", true, sign_up.company_name, parse_company_name);
  reader.read("userId", false, sign_up.user_id, parse_user_id);
  reader.read("plan", false, sign_up.plan, parse_plan_name);
  reader.read_metadata(sign_up.metadata);
  reader.check();
  return sign_up;
}

std::string sign_up_hash(const SignUp& s) {
  json::object metadata;
  for (const auto& [key, value] : s.metadata) metadata[key] = value;
  const json::array canonical{s.admin_email.value(), s.slug.value(), s.company_name.value(),
                              s.user_id.value(),     s.plan.value(), std::move(metadata)};
  return to_hex(sha256(json::serialize(canonical)));
}

}  // namespace slipway::api
