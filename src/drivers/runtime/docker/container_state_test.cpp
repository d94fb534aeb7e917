#include "drivers/runtime/docker/container_state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace slipway::docker {
namespace {

boost::json::object object(const std::string& text) { return boost::json::parse(text).as_object(); }

Instance inspected(const std::string& state, const std::string& ports = "{}") {
  return instance_of_inspect(object(fmt::format(
      R"({{"Id": "abc", "State": {}, "Config": {{"Labels": {{"slipway.tenant": "t_1"}}}},
          "HostConfig": {{"PortBindings": {{"8080/tcp": [{{"HostIp": "0.0.0.0", "HostPort": "20001"}}]}}}},
          "NetworkSettings": {{"Ports": {}}}}})",
      state, ports)));
}

TEST(ContainerState, maps_every_status) {
  const std::pair<const char*, InstanceState> cases[] = {
      {"created", InstanceState::created},    {"running", InstanceState::running}, {"paused", InstanceState::exited},
      {"restarting", InstanceState::running}, {"exited", InstanceState::exited},   {"dead", InstanceState::exited},
      {"removing", InstanceState::exited},
  };
  for (const auto& [status, state] : cases) {
    EXPECT_EQ(inspected(fmt::format(R"({{"Status": "{}"}})", status)).state, state) << status;
    EXPECT_EQ(instance_of_list(object(fmt::format(R"({{"Id": "abc", "State": "{}"}})", status))).state, state);
  }
}

TEST(ContainerState, tells_how_it_ended) {
  const Instance killed = inspected(R"({"Status": "exited", "ExitCode": 137, "OOMKilled": true, "Error": ""})");
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_TRUE(killed.out_of_memory);
  EXPECT_EQ(killed.tenant, TenantId("t_1"));
  const Instance unstarted =
      inspected(R"({"Status": "created", "ExitCode": 128, "Error": "port is already allocated"})");
  EXPECT_EQ(unstarted.exit_code, 0) << "it has not run";
  EXPECT_EQ(unstarted.error, "port is already allocated");
  const Instance listed =
      instance_of_list(object(R"({"Id": "a", "State": "exited", "Status": "Exited (137) 2 days ago"})"));
  EXPECT_EQ(listed.exit_code, 137);
}

TEST(ContainerState, the_port_that_is_really_published_comes_first) {
  EXPECT_EQ(inspected(R"({"Status": "created"})").host_port, Port(20001));
  EXPECT_EQ(inspected(R"({"Status": "running"})", R"({"9/tcp": null, "8080/tcp": [{"HostPort": "31000"}]})").host_port,
            Port(31000));
  EXPECT_FALSE(instance_of_inspect(object(R"({"Id": "a", "State": {"Status": "created"}})")).host_port);
  const auto listed =
      object(R"({"Id": "a", "State": "running", "Ports": [{"PrivatePort": 1}, {"PublicPort": 31000}]})");
  EXPECT_EQ(instance_of_list(listed).host_port, Port(31000));
}

TEST(ContainerState, stats_leave_out_what_the_kernel_can_take_back) {
  const auto stats = stats_of(object(R"({"memory_stats": {"usage": 1000, "limit": 5000,
      "stats": {"total_inactive_file": 300}}, "cpu_stats": {"cpu_usage": {"total_usage": 2500000000}},
      "pids_stats": {"current": 7}})"));
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->memory_bytes, 700u);
  EXPECT_EQ(stats->memory_limit_bytes, 5000u);
  EXPECT_DOUBLE_EQ(stats->cpu_seconds, 2.5);
  EXPECT_EQ(stats->pids, 7u);
  EXPECT_FALSE(stats_of(object(R"({"memory_stats": {}})"))) << "it does not run";
  const auto version2 = object(R"({"memory_stats": {"usage": 1000, "stats": {"inactive_file": 100}}})");
  EXPECT_EQ(stats_of(version2)->memory_bytes, 900u);
  const auto absurd =
      object(R"({"memory_stats": {"usage": 9223372036854775807, "stats": {"inactive_file": -9223372036854775807}}})");
  EXPECT_EQ(stats_of(absurd)->memory_bytes, 9'223'372'036'854'775'807u);
}

}  // namespace
}  // namespace slipway::docker
