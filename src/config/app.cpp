#include <fmt/format.h>

#include <set>

#include "config/parts.hpp"
#include "config/values.hpp"

namespace slipway::config {
namespace {

constexpr std::uint64_t docker_least_memory_bytes = 6ull << 20;

void read_volumes(const Section& app, AppSpec& spec) {
  std::set<std::string> names;
  std::set<std::string> paths;
  for (const Section& volume : app.sections("volumes")) {
    VolumeSpec v;
    volume.require("name", "each volume needs a name of its own, such as data");
    volume.require("path", "where the volume is mounted, such as /data");
    volume.read("name", v.name, parse_name);
    volume.read("path", v.path, parse_mount_path);
    if (!v.name.empty() && !names.insert(v.name).second) volume.problem("name", "another volume has this name");
    if (!v.path.empty() && !paths.insert(v.path).second) volume.problem("path", "another volume is mounted here");
    spec.volumes.push_back(std::move(v));
  }
}

void read_plan(const Section& section, Plan& plan) {
  section.read("memory", plan.memory_bytes, [](std::string_view text) {
    const std::uint64_t bytes = parse_size(text);
    if (bytes < docker_least_memory_bytes) {
      throw Error(ErrorKind::invalid, "is less than 6MiB, the least that Docker takes");
    }
    return bytes;
  });
  section.read("cpus", plan.cpus, [](std::string_view text) { return parse_decimal(text, 0.01, 1024); });
  section.read("pids", plan.pids,
               [](std::string_view text) { return static_cast<std::uint32_t>(parse_whole(text, 1, 4'194'304)); });
  const Section database = section.section("database");
  database.read("connections", plan.db_connections,
                [](std::string_view text) { return static_cast<std::uint32_t>(parse_whole(text, 1, 10'000)); });
  database.read("statement_timeout", plan.db_statement_timeout, [](std::string_view text) {
    const Millis timeout = parse_duration(text);
    if (timeout > std::chrono::hours(24)) throw Error(ErrorKind::invalid, "is longer than 24h");
    return timeout;
  });
}

}  // namespace

void read_app(const Section& top, Config& config) {
  const Section app = top.section("app");
  AppSpec& spec = config.app;
  app.require("image", "the image that every customer gets, such as shop:1.4");
  app.read("name", spec.name, parse_line);
  app.read("image", spec.image, parse_image);
  app.list("command", spec.command, [](const std::string& text) {
    if (text.find('\0') != std::string::npos) throw Error(ErrorKind::invalid, "holds a zero byte");
    return text;
  });
  app.read("port", spec.port, parse_port);
  app.section("health").read("path", spec.health_path, parse_health_path);
  app.read("start_timeout", spec.start_timeout, parse_duration);
  app.read("stop_timeout", spec.stop_timeout, parse_duration);
  app.named_scalars(
      "env", [](const std::string& name) { parse_env_name(name); },
      [&](const std::string& name, const std::string& text) {
        spec.env.push_back({name, parse_env_template(text)});
      });
  app.find_secrets("env");
  app.find_secrets("command");
  read_volumes(app, spec);
  app.read("read_only", spec.read_only, parse_bool);
  app.list("capabilities", spec.capabilities, parse_capability);
}

void read_plans(const Section& top, Config& config) {
  const auto sections = top.named_sections("plans", parse_plan_name);
  Plan standard;
  for (const auto& [name, section] : sections) {
    if (name == "default") read_plan(section, standard);
  }
  config.plans["default"] = standard;
  for (const auto& [name, section] : sections) {
    if (name == "default") continue;
    Plan plan = standard;
    plan.name = PlanName(name);
    read_plan(section, plan);
    config.plans[name] = plan;
  }
}

}  // namespace slipway::config
