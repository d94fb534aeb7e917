#include "deploy/aws/settings.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "deploy/aws/zip.hpp"
#include "os/file.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

// Docker's dynamic ports on the machines; the agent's own (51678 to 51680) lie above. Also in deploy/aws/slipway.yaml.
constexpr std::uint16_t first_dynamic_port = 32768, last_dynamic_port = 50999;

std::string content_of(const fs::path& file) {
  const auto content = os::read_file(file);
  if (!content) throw Error(ErrorKind::not_found, fmt::format("there is no {}", file.string()));
  return *content;
}

enum class Machine { x86_64, arm64 };

// For which of Lambda's machines a program was built, by the header of its ELF file (elf.h: class, data, e_machine).
Machine machine_of(const std::string& program, const fs::path& file) {
  constexpr std::size_t machine_at = 18;
  if (!program.starts_with("\x7f"
                           "ELF") ||
      program.size() < machine_at + 2) {
    throw Error(ErrorKind::invalid, fmt::format("{} is no program of Linux", file.string()));
  }
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(program[at]); };
  const bool small_endian_64 = byte(4) == 2 && byte(5) == 1;
  const unsigned machine = byte(machine_at) + 256u * byte(machine_at + 1);
  if (small_endian_64 && machine == 62) return Machine::x86_64;
  if (small_endian_64 && machine == 183) return Machine::arm64;
  throw Error(ErrorKind::invalid, fmt::format("{} was built for neither x86-64 nor arm64", file.string()));
}

struct Program {
  std::string content;
  Machine machine;
};

// Installed, they are in lib/slipway beside bin.
Program program(const fs::path& given, const std::string& name, const std::string& option) {
  fs::path file = given;
  if (file.empty()) {
    std::error_code ec;
    file = fs::read_symlink("/proc/self/exe", ec).parent_path().parent_path() / "lib" / "slipway" / name;
    if (!fs::exists(file, ec)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} is not there: the Debian package installs it; otherwise give {} FILE", file.string(),
                              option));
    }
  }
  std::string content = content_of(file);
  const Machine machine = machine_of(content, file);
  return {std::move(content), machine};
}

// It runs on the cluster's machines, whose Amazon Linux is chosen in deploy/aws/slipway.yaml.
std::string init_program(const fs::path& given) {
  Program init = program(given, "slipway-init", "--init");
  if (init.machine != Machine::x86_64) {
    throw Error(ErrorKind::invalid, "slipway-init: the cluster's machines are x86-64, and this program is for arm64");
  }
  return init.content;
}

deploy::Values main_parameters(const Config& config) {
  const Config::Aws& aws = config.aws;
  const bool stable = config.access.stable_ports;
  std::string origins;
  for (const std::string& origin : config.api.access.cors_origins) origins += (origins.empty() ? "" : ",") + origin;
  return {{"InstanceType", aws.instance_type},
          {"ExtraMachines", std::to_string(aws.extra_machines)},
          {"ShellAccess", aws.shell_access ? "true" : "false"},
          {"FirstPort", std::to_string(stable ? config.access.ports.first : first_dynamic_port)},
          {"LastPort", std::to_string(stable ? config.access.ports.last : last_dynamic_port)},
          {"DatabaseHost", aws.database_host},
          {"DatabasePort", std::to_string(aws.database_port)},
          {"DatabaseImage", aws.database_image},
          {"CorsOrigins", origins},
          {"RequestsPerSecond", std::to_string(aws.requests_per_second)},
          {"LogDays", std::to_string(aws.log_days)},
          {"AlarmEmail", aws.alarm_email},
          {"BudgetUsd", std::to_string(aws.budget_usd)}};
}

}  // namespace

deploy::Wanted wanted_of(const Config& config, const AwsPrograms& programs) {
  if (config.mail.driver != Config::MailDriver::resend) {
    throw Error(ErrorKind::invalid, "mail.driver: on AWS mail goes out through resend; set it and mail.resend.api_key");
  }
  deploy::Wanted wanted;
  wanted.names.stack = config.aws.stack;
  wanted.data_parameters = {{"Zone", config.aws.zone},
                            {"VolumeGiB", std::to_string(config.aws.database_volume_bytes >> 30)},
                            {"SnapshotsKept", std::to_string(config.aws.database_snapshots)}};
  wanted.parameters = main_parameters(config);
  wanted.app_image = config.app.image;
  const Program function = program(programs.function, "bootstrap", "--function");
  wanted.parameters["FunctionArchitecture"] = function.machine == Machine::arm64 ? "arm64" : "x86_64";
  wanted.function_zip =
      deploy::zip({{"bootstrap", function.content, true}, {"slipway.yaml", content_of(config.file), false}});
  wanted.init = deploy::image_of_program("slipway-init", init_program(programs.init));
  if (config.mail.driver == Config::MailDriver::resend)
    wanted.secrets.emplace("resend-key", config.mail.resend.api_key);
  if (!config.aws.database_password.empty()) {
    wanted.secrets.emplace("database/admin_password", config.aws.database_password);
  }
  return wanted;
}

}  // namespace slipway
