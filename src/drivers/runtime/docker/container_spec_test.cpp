#include "drivers/runtime/docker/container_spec.hpp"

#include <gtest/gtest.h>

namespace slipway::docker {
namespace {

namespace json = boost::json;

const InstallationId installation("4k2x9q");

InstanceSpec shop() {
  InstanceSpec spec;
  spec.tenant = TenantId("t_01jdd2x8k40a1b2c3d4e");
  spec.slug = Slug("acme");
  spec.image = "shop:1.4";
  spec.env = {{"COMPANY_NAME", Secret("Acme = \"Söhne\"\n$(id)")}, {"EMPTY", Secret("")}};
  spec.app_port = 8000;
  spec.host_port = Port(20001);
  spec.capabilities = {"CHOWN", "SETUID"};
  spec.plan.memory_bytes = 128ull << 20;
  spec.plan.cpus = 0.5;
  spec.plan.pids = 64;
  return spec;
}

json::object made(const InstanceSpec& spec) { return container_spec(spec, installation, "slipway_4k2x9q", {}); }
json::object host(const InstanceSpec& spec) { return made(spec).at("HostConfig").as_object(); }

TEST(ContainerSpec, says_who_it_belongs_to) {
  const json::object wanted{
      {"slipway.installation", "4k2x9q"}, {"slipway.tenant", "t_01jdd2x8k40a1b2c3d4e"}, {"slipway.managed", "true"}};
  EXPECT_EQ(made(shop()).at("Labels"), wanted);
  EXPECT_EQ(made(shop()).at("Image"), "shop:1.4");
}

TEST(ContainerSpec, has_exactly_the_limits_of_the_plan) {
  const json::object limits = host(shop());
  EXPECT_EQ(limits.at("Memory"), 134217728);
  EXPECT_EQ(limits.at("MemorySwap"), 134217728) << "no swap beyond the memory";
  EXPECT_EQ(limits.at("NanoCpus"), 500'000'000);
  EXPECT_EQ(limits.at("PidsLimit"), 64);
}

TEST(ContainerSpec, is_hardened) {
  const json::object h = host(shop());
  EXPECT_EQ(h.at("SecurityOpt"), json::array{"no-new-privileges"});
  EXPECT_EQ(h.at("CapDrop"), json::array{"ALL"});
  EXPECT_EQ(h.at("CapAdd"), (json::array{"CHOWN", "SETUID"}));
  EXPECT_EQ(h.at("Privileged"), false);
  EXPECT_EQ(h.at("ReadonlyRootfs"), false);
  EXPECT_EQ(h.at("Init"), true);
  EXPECT_EQ(h.at("RestartPolicy").at("Name"), "no");
  EXPECT_EQ(h.at("NetworkMode"), "slipway_4k2x9q");
  InstanceSpec spec = shop();
  spec.read_only = true;
  EXPECT_EQ(host(spec).at("ReadonlyRootfs"), true);
}

TEST(ContainerSpec, tmp_is_a_quarter_of_the_memory_within_limits) {
  EXPECT_EQ(host(shop()).at("Tmpfs").at("/tmp"), "rw,exec,nosuid,nodev,mode=1777,size=33554432");
  InstanceSpec spec = shop();
  spec.plan.memory_bytes = 8ull << 20;
  EXPECT_EQ(host(spec).at("Tmpfs").at("/tmp"), "rw,exec,nosuid,nodev,mode=1777,size=16777216");
  spec.plan.memory_bytes = 64ull << 30;
  EXPECT_EQ(host(spec).at("Tmpfs").at("/tmp"), "rw,exec,nosuid,nodev,mode=1777,size=536870912");
  spec.volumes = {{"scratch", "/tmp"}};
  EXPECT_FALSE(host(spec).contains("Tmpfs")) << "a volume of the app's own stands there";
}

TEST(ContainerSpec, publishes_the_leased_port) {
  const auto binding = host(shop()).at("PortBindings").at("8000/tcp").at(0).as_object();
  EXPECT_EQ(binding, (json::object{{"HostIp", "0.0.0.0"}, {"HostPort", "20001"}}));
  EXPECT_TRUE(made(shop()).at("ExposedPorts").as_object().contains("8000/tcp"));
  InstanceSpec spec = shop();
  spec.host_port = Port(0);
  EXPECT_EQ(host(spec).at("PortBindings").at("8000/tcp").at(0).at("HostPort"), "") << "the engine chooses";
}

TEST(ContainerSpec, env_values_stay_as_they_are) {
  EXPECT_EQ(made(shop()).at("Env"), (json::array{"COMPANY_NAME=Acme = \"Söhne\"\n$(id)", "EMPTY="}));
}

TEST(ContainerSpec, the_images_own_command_stays_unless_one_is_given) {
  EXPECT_FALSE(made(shop()).contains("Cmd"));
  InstanceSpec spec = shop();
  spec.command = {"serve", "--port", "8000 9000"};
  EXPECT_EQ(made(spec).at("Cmd"), (json::array{"serve", "--port", "8000 9000"}));
  EXPECT_FALSE(made(spec).contains("Entrypoint"));
}

TEST(ContainerSpec, volumes_are_the_tenants_own) {
  InstanceSpec spec = shop();
  spec.volumes = {{"data", "/var/lib/shop"}};
  const json::array wanted{
      json::object{{"Type", "volume"}, {"Source", "sw_4k2x9q_01jdd2x8k40a1b2c3d4e_data"}, {"Target", "/var/lib/shop"}}};
  EXPECT_EQ(host(spec).at("Mounts"), wanted);
}

TEST(ContainerSpec, logs_are_rotated) {
  DockerOptions options;
  options.log_max_bytes = 1000;
  options.log_files = 2;
  const auto log = container_spec(shop(), installation, "n", options).at("HostConfig").at("LogConfig");
  EXPECT_EQ(log.at("Type"), "json-file");
  EXPECT_EQ(log.at("Config"), (json::object{{"max-size", "1000"}, {"max-file", "2"}}));
}

}  // namespace
}  // namespace slipway::docker
