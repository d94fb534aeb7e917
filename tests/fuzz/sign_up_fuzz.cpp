#include "api/body.hpp"
#include "api/sign_up_request.hpp"
#include "tests/fuzz/fuzz.hpp"

// The body of POST /provision: refused with the fields that are wrong, or values that can go anywhere.
namespace {

using namespace slipway;

boost::json::object to_json(const SignUp& s) {
  boost::json::object metadata;
  for (const auto& [key, value] : s.metadata) metadata[key] = value;
  boost::json::object body{{"admin_email", s.admin_email.value()},
                           {"subdomain", s.slug.value()},
                           {"company_name", s.company_name.value()},
                           {"plan", s.plan.value()},
                           {"metadata", std::move(metadata)}};
  if (!s.user_id.value().empty()) body["userId"] = s.user_id.value();
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  SignUp sign_up;
  if (!fuzz::accepts([&] { sign_up = api::parse_sign_up(api::parse_object(body)); })) return 0;

  const std::string slug = sign_up.slug.value();
  fuzz::require(!slug.empty() && slug.size() <= 63 &&
                    slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == slug.npos,
                "a subdomain is a DNS label", slug);
  const std::string mailbox = sign_up.admin_email.value();
  fuzz::require(mailbox.size() <= 254 && mailbox.find_first_of(" <>()[]\\,;:\"\r\n") == mailbox.npos &&
                    mailbox.find('@') == mailbox.rfind('@'),
                "an address is one bare mailbox", mailbox);
  fuzz::require(!has_control_characters(sign_up.company_name.value()), "no control characters in a company's name");
  fuzz::require(utf8_length(sign_up.company_name.value()) <= 120, "a company's name keeps its limit");
  fuzz::require(sign_up.metadata.size() <= 16, "metadata keeps its limit");
  for (const auto& [key, value] : sign_up.metadata) {
    fuzz::require(!has_control_characters(key) && !has_control_characters(value), "no control characters in metadata");
  }
  const SignUp again = api::parse_sign_up(to_json(sign_up));
  fuzz::require(api::sign_up_hash(again) == api::sign_up_hash(sign_up), "what was taken is taken again as the same");
  return 0;
}
