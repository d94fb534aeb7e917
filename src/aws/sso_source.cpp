#include <openssl/evp.h>

#include "aws/credential_sources.hpp"
#include "aws/endpoints.hpp"
#include "base/crypto.hpp"
#include "net/http_client.hpp"

namespace slipway::aws {
namespace {

const Service portal{"sso", "portal.sso", "awsssoportal", Protocol::json_1_1, "", ""};
constexpr Millis portal_timeout{10'000};

std::string sha1_hex(const std::string& text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  EVP_Q_digest(nullptr, "SHA1", nullptr, text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
               &size);
  digest.resize(size);
  return to_hex(digest);
}

std::string setting(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

std::string needed(const Settings& settings, std::string_view name) {
  auto value = setting(settings, name);
  if (value.empty()) throw Error(ErrorKind::invalid, fmt::format("the SSO profile lacks '{}'", name));
  return value;
}

struct Login {
  std::string cache_key;  // whose SHA-1 is the file's name
  std::string region;
};

Login login_of(const Profiles& profiles, const Settings& profile) {
  const auto session = setting(profile, "sso_session");
  if (session.empty()) return {needed(profile, "sso_start_url"), needed(profile, "sso_region")};
  const auto* settings = profiles.sso_session(session);
  if (settings == nullptr) {
    throw Error(ErrorKind::invalid, fmt::format("there is no [sso-session {}] in {}", session, profiles.places()));
  }
  return {session, needed(*settings, "sso_region")};
}

}  // namespace

Credentials from_sso(const Surroundings& around, const Profiles& profiles, const Settings& profile,
                     const Clock& clock) {
  const auto login = login_of(profiles, profile);
  const auto log_in = fmt::format("run 'aws sso login --profile {}'", profiles.chosen());
  const auto path = fmt::format("{}/.aws/sso/cache/{}.json", around.home, sha1_hex(login.cache_key));
  const auto text = around.read_file(path);
  if (!text) throw Error(ErrorKind::unauthorized, fmt::format("SSO: not logged in; {}", log_in));
  const auto cached = parse_json(*text, "the SSO login's cache");
  if (!cached.is_object()) throw Error(ErrorKind::unauthorized, fmt::format("SSO: unreadable login; {}", log_in));
  const Secret token(string_at(cached.get_object(), "accessToken"));
  const auto ends = parse_rfc3339(string_at(cached.get_object(), "expiresAt"));
  if (token.empty() || !ends || *ends <= clock.now()) {
    throw Error(ErrorKind::unauthorized, fmt::format("SSO: the login has expired; {}", log_in));
  }

  auto url = endpoint_from_environment(around, portal.id);
  if (url.empty()) url = endpoint_of(portal, login.region, false, false);
  net::HttpClient client({.url = url, .ca_file = around.variable("AWS_CA_BUNDLE")}, 1u << 20);
  net::ClientRequest request;
  request.target = fmt::format("/federation/credentials?role_name={}&account_id={}",
                               net::url_encoded(needed(profile, "sso_role_name")),
                               net::url_encoded(needed(profile, "sso_account_id")));
  request.headers = {{"x-amz-sso_bearer_token", token.reveal()}};
  request.timeout = portal_timeout;
  const auto answer = client.send(request);
  if (answer.status == 401) throw Error(ErrorKind::unauthorized, fmt::format("SSO: the login has expired; {}", log_in));
  if (answer.status != 200) {
    const auto kind = answer.status < 500 ? ErrorKind::forbidden : ErrorKind::unavailable;
    throw Error(kind, fmt::format("SSO: status {} for the role '{}' in the account {}", answer.status,
                                  setting(profile, "sso_role_name"), setting(profile, "sso_account_id")));
  }
  const auto value = parse_json(answer.body, "SSO");
  const auto* role = value.is_object() ? object_at(value.get_object(), "roleCredentials") : nullptr;
  if (role == nullptr) throw Error(ErrorKind::internal, "SSO: the answer holds no roleCredentials");
  Credentials credentials{string_at(*role, "accessKeyId"), Secret(string_at(*role, "secretAccessKey")),
                          Secret(string_at(*role, "sessionToken")), TimePoint(Millis(int_at(*role, "expiration")))};
  if (credentials.access_key_id.empty()) throw Error(ErrorKind::internal, "SSO: the answer holds no accessKeyId");
  return credentials;
}

}  // namespace slipway::aws
