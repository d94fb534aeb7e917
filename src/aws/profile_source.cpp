#include "aws/credential_sources.hpp"
#include "os/child.hpp"

namespace slipway::aws {
namespace {

constexpr Millis command_timeout = std::chrono::minutes(2);  // somebody may have to type a second factor

// With any of these a profile's credentials are made by AWS's own command.
constexpr std::string_view made_by_aws[] = {"role_arn", "sso_session", "sso_start_url", "login_session",
                                            "credential_process"};

std::string at(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

Credentials keys(const std::string& name, const Settings& profile) {
  if (at(profile, "aws_secret_access_key").empty()) {
    throw Error(ErrorKind::unauthorized,
                fmt::format("profile '{}': aws_access_key_id stands without aws_secret_access_key", name));
  }
  return {at(profile, "aws_access_key_id"), Secret(at(profile, "aws_secret_access_key")),
          Secret(at(profile, "aws_session_token")), std::nullopt};
}

Credentials ask_aws(const std::string& name, std::string_view setting) {
  // Standard error is shown: aws says there what is wrong, or asks for a second factor.
  const os::Command command{
      .words = {"aws", "configure", "export-credentials", "--format", "process", "--profile", name},
      .errors = os::Command::Errors::shown};
  const auto fail = [&](std::string_view why, std::string_view advice) {
    throw Error(
        ErrorKind::unauthorized,
        fmt::format("profile '{}' has {}, for which Slipway asks AWS's command: {}; {}", name, setting, why, advice));
  };
  os::Ended ended;
  try {
    ended = os::run(command, command_timeout);
  } catch (const Error& error) {
    fail(error.message(),
         "install the AWS CLI, version 2, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
  }
  if (ended.exit_code != 0) {
    fail(fmt::format("`aws configure export-credentials` ended with {}", ended.exit_code),
         fmt::format("see what it said (version 2 of the AWS CLI is needed; an SSO login is renewed by `aws sso login "
                     "--profile {}`)",
                     name));
  }
  const auto answer = parse_json(ended.output, "aws configure export-credentials");
  if (!answer.is_object()) fail("its answer is no JSON object", "see whether `aws --version` is AWS's");
  return credentials_from_json(answer.get_object(), "aws configure export-credentials");
}

}  // namespace

Asked from_profile(const Surroundings& around) {
  const Profiles profiles(around);
  const auto& name = profiles.chosen();
  const auto* profile = profiles.profile(name);
  if (profile == nullptr) {
    return {std::nullopt, fmt::format("there is no profile '{}' in {}", name, profiles.places())};
  }
  const auto* setting = std::find_if(std::begin(made_by_aws), std::end(made_by_aws),
                                     [&](std::string_view wanted) { return !at(*profile, wanted).empty(); });
  const bool has_keys = !at(*profile, "aws_access_key_id").empty();
  // As with AWS's tools, keys beside a role are those that assume it, and keys beside the others come first.
  if (has_keys && at(*profile, "role_arn").empty()) return {keys(name, *profile), ""};
  if (setting != std::end(made_by_aws)) return {ask_aws(name, *setting), ""};
  return {std::nullopt, fmt::format("the profile '{}' holds no credentials", name)};
}

}  // namespace slipway::aws
