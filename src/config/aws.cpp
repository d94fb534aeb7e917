#include <algorithm>

#include "base/error.hpp"
#include "config/parts.hpp"
#include "config/values.hpp"

namespace slipway::config {
namespace {

constexpr std::uint64_t gib = 1ull << 30;
// What CloudWatch takes. Source: PutRetentionPolicy in the service's model.
constexpr std::uint32_t retentions[] = {1,   3,   5,   7,   14,  30,  60,   90,   120,
                                        150, 180, 365, 400, 545, 731, 1096, 1827, 3653};

// CloudFormation takes letters, digits and hyphens, and ECR's names are lower case.
std::string parse_stack(std::string_view text) {
  const bool well = !text.empty() && text.size() <= 32 && text.front() >= 'a' && text.front() <= 'z' &&
                    std::all_of(text.begin(), text.end(),
                                [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!well)
    throw Error(ErrorKind::invalid, "is no name of a stack: up to 32 of a-z, 0-9 and -, beginning with a letter");
  return std::string(text);
}

std::uint32_t parse_log_days(std::string_view text) {
  const auto days = static_cast<std::uint32_t>(parse_whole(text, 1, 3653));
  if (std::find(std::begin(retentions), std::end(retentions), days) == std::end(retentions)) {
    throw Error(ErrorKind::invalid, "is not what CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365, … days");
  }
  return days;
}

std::uint64_t parse_volume(std::string_view text) {
  const std::uint64_t bytes = parse_size(text);
  if (bytes % gib != 0 || bytes < gib || bytes > 1024 * gib) {
    throw Error(ErrorKind::invalid, "is not a whole number of GiB, 1GiB to 1TiB");
  }
  return bytes;
}

}  // namespace

void read_aws(const Section& top, Config& config) {
  const Section section = top.section("aws");
  Config::Aws& aws = config.aws;
  const auto number = [](std::uint32_t least, std::uint32_t most) {
    return [least, most](std::string_view text) { return static_cast<std::uint32_t>(parse_whole(text, least, most)); };
  };
  section.read("region", aws.region, parse_name);
  section.read("stack", aws.stack, parse_stack);
  section.read("zone", aws.zone, parse_name);
  section.read("instance_type", aws.instance_type, parse_line);
  section.read("extra_machines", aws.extra_machines, number(0, 50));
  section.read("shell_access", aws.shell_access, parse_bool);
  const Section database = section.section("database");
  database.read("volume", aws.database_volume_bytes, parse_volume);
  database.read("snapshots", aws.database_snapshots, number(1, 365));
  database.read("image", aws.database_image, parse_image);
  database.read("host", aws.database_host, parse_host);
  database.read("port", aws.database_port, parse_port);
  database.secret("password", aws.database_password, [](std::string_view text) { return Secret(std::string(text)); });
  if (aws.database_host.empty() != aws.database_password.empty()) {
    database.problem(aws.database_host.empty() ? "password" : "host",
                     "host and password of a Postgres of your own are given together or not at all");
  }
  section.read("requests_per_second", aws.requests_per_second, number(1, 10'000));
  section.read("log_days", aws.log_days, parse_log_days);
  section.read("alarm_email", aws.alarm_email, parse_address);
  section.read("budget_usd", aws.budget_usd, number(1, 1'000'000));
}

}  // namespace slipway::config
