#include "aws/client.hpp"
#include "aws/credential_sources.hpp"

namespace slipway::aws {
namespace {

constexpr std::size_t chain_limit = 8;

// Follows a profile to credentials: keys, a program, a login, or a role that another profile may assume.
class ProfileResolver {
 public:
  ProfileResolver(const Surroundings& around, const Profiles& profiles, const Clock& clock, Random& random)
      : around_(around), profiles_(profiles), clock_(clock), random_(random) {}

  std::optional<Credentials> resolve(const std::string& name, std::vector<std::string> seen = {}) {
    const auto* profile = profiles_.profile(name);
    if (profile == nullptr) return std::nullopt;
    if (seen.size() >= chain_limit) throw Error(ErrorKind::invalid, "source_profile: the chain is longer than 8");
    const bool again = std::find(seen.begin(), seen.end(), name) != seen.end();
    seen.push_back(name);
    if (has(*profile, "role_arn") && !again) return role(name, *profile, seen);
    if (has(*profile, "aws_access_key_id")) return keys(name, *profile);
    if (again) throw Error(ErrorKind::invalid, fmt::format("source_profile: '{}' leads back to itself", name));
    if (has(*profile, "sso_session") || has(*profile, "sso_start_url")) {
      return from_sso(around_, profiles_, *profile, clock_);
    }
    if (has(*profile, "credential_process")) return from_process(at(*profile, "credential_process"));
    return std::nullopt;
  }

 private:
  static std::string at(const Settings& settings, std::string_view name) {
    const auto found = settings.find(name);
    return found == settings.end() ? "" : found->second;
  }
  static bool has(const Settings& settings, std::string_view name) { return !at(settings, name).empty(); }

  static Credentials keys(const std::string& name, const Settings& profile) {
    if (!has(profile, "aws_secret_access_key")) {
      throw Error(ErrorKind::unauthorized,
                  fmt::format("profile '{}': aws_access_key_id stands without aws_secret_access_key", name));
    }
    return {at(profile, "aws_access_key_id"), Secret(at(profile, "aws_secret_access_key")),
            Secret(at(profile, "aws_session_token")), std::nullopt};
  }

  // Whose credentials ask for the role.
  Credentials base_of(const std::string& name, const Settings& profile, const std::vector<std::string>& seen) {
    std::optional<Credentials> base;
    if (const auto other = at(profile, "source_profile"); !other.empty()) {
      base = resolve(other, seen);
    } else if (const auto source = at(profile, "credential_source"); source == "Environment") {
      base = from_environment(around_).credentials;
    } else if (source == "EcsContainer") {
      base = from_container(around_).credentials;
    } else if (source == "Ec2InstanceMetadata") {
      base = from_instance(around_).credentials;
    } else {
      throw Error(ErrorKind::invalid, fmt::format("profile '{}': role_arn needs source_profile or credential_source "
                                                  "(Environment, EcsContainer, Ec2InstanceMetadata)",
                                                  name));
    }
    if (!base) {
      throw Error(ErrorKind::unauthorized,
                  fmt::format("profile '{}': its source ({}) has no credentials", name,
                              has(profile, "source_profile") ? at(profile, "source_profile")
                                                             : at(profile, "credential_source")));
    }
    return *base;
  }

  Credentials role(const std::string& name, const Settings& profile, const std::vector<std::string>& seen) {
    if (has(profile, "mfa_serial")) {
      throw Error(ErrorKind::unauthorized,
                  fmt::format("profile '{}' asks for a second factor (mfa_serial), which cannot be typed in here; get "
                              "credentials another way ('aws configure export-credentials') and set AWS_ACCESS_KEY_ID, "
                              "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
                              name));
    }
    StaticCredentials base(base_of(name, profile, seen));
    Session session{region(profile), base, clock_, random_,
                    [this](const std::string& id) { return endpoint_from_environment(around_, id); }};
    session.ca_file = around_.variable("AWS_CA_BUNDLE");
    Parameters parameters{{"RoleArn", at(profile, "role_arn")}};
    const auto session_name = at(profile, "role_session_name");
    parameters.emplace_back("RoleSessionName", session_name.empty() ? "slipway" : session_name);
    if (has(profile, "external_id")) parameters.emplace_back("ExternalId", at(profile, "external_id"));
    if (has(profile, "duration_seconds")) parameters.emplace_back("DurationSeconds", at(profile, "duration_seconds"));
    const auto answer = with_context(fmt::format("profile '{}': assume {}", name, at(profile, "role_arn")),
                                     [&] { return Client(session, services::sts).call("AssumeRole", parameters); });
    const auto* found = answer.child("AssumeRoleResult");
    const auto* given = found == nullptr ? nullptr : found->child("Credentials");
    if (given == nullptr) throw Error(ErrorKind::internal, "sts: AssumeRole: the answer holds no Credentials");
    return {given->text_at("AccessKeyId"), Secret(given->text_at("SecretAccessKey")),
            Secret(given->text_at("SessionToken")), parse_rfc3339(given->text_at("Expiration"))};
  }

  // STS answers in every region; the profile's own keeps the request near.
  std::string region(const Settings& profile) const {
    auto region = at(profile, "region");
    if (region.empty()) region = around_.variable("AWS_REGION");
    if (region.empty()) region = around_.variable("AWS_DEFAULT_REGION");
    return region.empty() ? "us-east-1" : region;
  }

  const Surroundings& around_;
  const Profiles& profiles_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace

Asked from_profile(const Surroundings& around, const Clock& clock, Random& random) {
  const Profiles profiles(around);
  Asked asked;
  asked.credentials = ProfileResolver(around, profiles, clock, random).resolve(profiles.chosen());
  if (asked.credentials) return asked;
  const bool exists = profiles.profile(profiles.chosen()) != nullptr;
  asked.answer = exists ? fmt::format("the profile '{}' holds no credentials", profiles.chosen())
                        : fmt::format("there is no profile '{}' in {}", profiles.chosen(), profiles.places());
  return asked;
}

}  // namespace slipway::aws
