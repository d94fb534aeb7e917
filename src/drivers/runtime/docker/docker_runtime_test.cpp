// What only a real engine can prove; the promises that all runtimes share are in tests/contract.
#include "drivers/runtime/docker/docker_runtime.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "drivers/runtime/docker/tenant_network.hpp"
#include "drivers/runtime/docker/test_engine.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class DockerRuntimeTest : public RealEngine {
 protected:
  ErrorKind kind_of(const std::function<void()>& action, std::string* message = nullptr) {
    try {
      action();
    } catch (const Error& error) {
      if (message != nullptr) *message = error.message();
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::internal;
  }
};

TEST_F(DockerRuntimeTest, the_engine_really_sets_what_the_plan_says) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant, shell("sleep 60"));
  spec.capabilities = {"CHOWN", "NET_BIND_SERVICE"};
  spec.plan.cpus = 0.25;
  spec.plan.pids = 33;
  runtime->create(spec, {});
  const json::object container = raw(name_of(tenant));
  const json::object host = container.at("HostConfig").as_object();
  EXPECT_EQ(host.at("Memory"), 32 << 20);
  EXPECT_EQ(host.at("MemorySwap"), 32 << 20);
  EXPECT_EQ(host.at("NanoCpus"), 250'000'000);
  EXPECT_EQ(host.at("PidsLimit"), 33);
  EXPECT_EQ(host.at("RestartPolicy").at("Name"), "no");
  EXPECT_EQ(host.at("LogConfig").at("Config").at("max-file"), "3");
  EXPECT_EQ(container.at("Config").at("Labels").at("slipway.tenant").as_string(), tenant.value());
}

TEST_F(DockerRuntimeTest, limits_are_changed_while_it_runs) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant, shell("sleep 60"));
  runtime->set_limits(tenant, spec.plan);  // of nothing: success
  const std::string id = runtime->create(spec, {}).id;
  runtime->start(tenant, 0);
  spec.plan.memory_bytes = 64u << 20;
  spec.plan.cpus = 0.75;
  spec.plan.pids = 44;
  runtime->set_limits(tenant, spec.plan);
  const json::object container = raw(name_of(tenant));
  EXPECT_EQ(string_at(container, "Id"), id);
  EXPECT_EQ(container.at("State").at("Status").as_string(), "running");
  const json::object host = container.at("HostConfig").as_object();
  EXPECT_EQ(host.at("Memory"), 64 << 20);
  EXPECT_EQ(host.at("MemorySwap"), 64 << 20);
  EXPECT_EQ(host.at("NanoCpus"), 750'000'000);
  EXPECT_EQ(host.at("PidsLimit"), 44);
}

// A name is given to another image: whoever was made from the first one is made from it again.
TEST_F(DockerRuntimeTest, what_is_pinned_stays_the_same_image) {
  InstanceSpec spec = spec_of(new_tenant(), shell("/bin/busybox cat /etc/text"));
  spec.image_name = image;
  spec.image = runtime->pin(image, {});
  EXPECT_EQ(runtime->pin(image, {}), spec.image);
  EXPECT_EQ(runtime->pin(spec.image, {}), spec.image);
  runtime->create(spec, {});
  EXPECT_EQ(raw(name_of(spec.tenant)).at("Config").at("Image").as_string(), image) << "docker ps shows the name";
  runtime->remove(spec.tenant, false);

  import_image("changed\n");
  EXPECT_NE(runtime->pin(image, {}), spec.image);
  EXPECT_THAT(output_of(spec), HasSubstr("hello"));
  InstanceSpec fresh = spec_of(new_tenant(), shell("/bin/busybox cat /etc/text"));
  fresh.image = runtime->pin(image, {});
  EXPECT_THAT(output_of(fresh), HasSubstr("changed"));

  runtime->remove(spec.tenant, true);
  call("DELETE", "/images/" + spec.image + "?force=1");
  std::string message;
  EXPECT_EQ(kind_of([&] { runtime->create(spec, {}); }, &message), ErrorKind::unavailable);
  EXPECT_THAT(message, HasSubstr(image));
}

// Otherwise its data would go with the container, and the customer's app would begin anew.
TEST_F(DockerRuntimeTest, what_an_image_declares_as_a_volume_outlives_the_container) {
  import_image("hello\n", "VOLUME /data /cache/");
  InstanceSpec spec = spec_of(new_tenant(), shell("B=/bin/busybox; $B ls /data; echo kept >/data/file; $B sync"));
  spec.volumes = {{"cache", "/cache"}};
  EXPECT_EQ(output_of(spec), "");
  runtime->remove(spec.tenant, false);
  EXPECT_EQ(output_of(spec), "file\n");
  EXPECT_EQ(raw(name_of(spec.tenant)).at("HostConfig").at("Mounts").as_array().size(), 2u) << "one for each path";
  runtime->remove(spec.tenant, true);
  for (const Resource& left : runtime->resources()) EXPECT_NE(left.tenant, spec.tenant) << left.kind << left.name;
}

TEST_F(DockerRuntimeTest, inside_it_is_as_hardened_as_it_looks) {
  InstanceSpec spec =
      spec_of(new_tenant(), shell("B=/bin/busybox; $B grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status;"
                                  "$B touch /x && echo root-writable; $B grep ' /tmp ' /proc/mounts;"
                                  "$B cp $B /tmp/busybox && /tmp/busybox echo tmp-runs"));
  spec.capabilities = {"CHOWN"};
  spec.read_only = true;
  const std::string said = output_of(spec);
  EXPECT_THAT(said, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(said, HasSubstr("CapEff:\t0000000000000001")) << "CHOWN alone";
  EXPECT_THAT(said, HasSubstr("CapBnd:\t0000000000000001"));
  EXPECT_THAT(said, Not(HasSubstr("root-writable")));
  EXPECT_THAT(said, HasSubstr("nosuid,nodev"));
  EXPECT_THAT(said, HasSubstr("tmp-runs"));
}

TEST_F(DockerRuntimeTest, tenants_reach_the_host_but_not_each_other) {
  const Listener host;
  const TenantId server = new_tenant();
  runtime->create(spec_of(server, {"/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/etc"}), {});
  ASSERT_EQ(runtime->start(server, 0), StartResult::started);
  const json::object container = raw(name_of(server));
  const std::string address = string_at(
      container.at("NetworkSettings").at("Networks").at("slipway_" + installation.value()).as_object(), "IPAddress");
  ASSERT_FALSE(address.empty());
  // The server answers whom it may answer: this machine.
  net::HttpClient client({fmt::format("http://{}:8080", address), {}, {}, {}});
  ASSERT_TRUE(eventually([&] {
    try {
      return client.send({.target = "/text"}).body == "hello\n";
    } catch (const Error&) {
      return false;
    }
  }));
  const auto reaches = [](const std::string& what, const std::string& host_address, int port) {
    return fmt::format(
        "/bin/busybox nc -w 2 {} {} -e /bin/busybox true 2>/dev/null && echo {} reached || echo {} blocked;",
        host_address, port, what, what);
  };
  const std::string said =
      output_of(spec_of(new_tenant(), shell(reaches("tenant", address, 8080) +
                                            reaches("host", network.host_address, host.port().value()))));
  EXPECT_EQ(said, "tenant blocked\nhost reached\n");
}

TEST_F(DockerRuntimeTest, a_port_of_somebody_else_is_told) {
  const TenantId tenant = new_tenant();
  const auto stranger = std::make_unique<Listener>();
  InstanceSpec spec = spec_of(tenant, shell("sleep 60"));
  spec.host_port = stranger->port();
  runtime->create(spec, {});
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::port_taken);
  EXPECT_EQ(runtime->inspect(tenant)->state, InstanceState::created);
  EXPECT_THAT(runtime->inspect(tenant)->error, HasSubstr("in use"));
}

TEST_F(DockerRuntimeTest, a_port_of_another_container_is_told) {
  const InstanceSpec first = spec_of(new_tenant(), shell("sleep 60"));
  InstanceSpec second = spec_of(new_tenant(), shell("sleep 60"));
  second.host_port = first.host_port;
  runtime->create(first, {});
  runtime->create(second, {});
  EXPECT_EQ(runtime->start(first.tenant, 0), StartResult::started);
  EXPECT_EQ(runtime->start(second.tenant, 0), StartResult::port_taken);
}

TEST_F(DockerRuntimeTest, a_foreign_container_of_our_name_is_not_touched) {
  const TenantId tenant = new_tenant();
  const std::string name = name_of(tenant);
  ASSERT_EQ(call("POST", "/containers/create?name=" + name,
                 {{"Image", image},
                  {"Cmd", {"/bin/busybox", "sleep", "60"}},
                  {"Labels", {{"slipway.installation", "xxxxxx"}}}})
                .status,
            201);
  call("POST", "/containers/" + name + "/start");
  const std::string id = string_at(raw(name), "Id");
  std::string message;
  EXPECT_EQ(kind_of([&] { runtime->create(spec_of(tenant, shell("sleep 60")), {}); }, &message), ErrorKind::conflict);
  EXPECT_THAT(message, HasSubstr(name));
  EXPECT_EQ(kind_of([&] { runtime->start(tenant, 0); }), ErrorKind::not_found);
  EXPECT_FALSE(runtime->inspect(tenant));
  EXPECT_TRUE(runtime->instances().empty());
  runtime->stop(tenant, Millis(0));
  runtime->remove(tenant, true);
  EXPECT_EQ(kind_of([&] { runtime->discard({"container", name, tenant}); }), ErrorKind::forbidden);
  const json::object after = raw(name);
  EXPECT_EQ(string_at(after, "Id"), id);
  EXPECT_EQ(after.at("State").at("Status"), "running");
  call("DELETE", "/containers/" + name + "?force=1");
}

TEST_F(DockerRuntimeTest, discards_nothing_without_our_label) {
  const std::string name = "foreign-" + installation.value();
  ASSERT_EQ(call("POST", "/volumes/create", {{"Name", name}}).status, 201);
  ASSERT_EQ(call("POST", "/networks/create", {{"Name", name}, {"Driver", "bridge"}, {"Internal", true}}).status, 201);
  for (const char* kind : {"volume", "network"}) {
    EXPECT_EQ(kind_of([&] { runtime->discard({kind, name, {}}); }), ErrorKind::forbidden) << kind;
  }
  EXPECT_EQ(call("GET", "/volumes/" + name).status, 200);
  EXPECT_EQ(call("DELETE", "/volumes/" + name).status, 204);
  EXPECT_EQ(call("DELETE", "/networks/" + name).status, 204);
  runtime->discard({"volume", name, {}});
  runtime->discard({"network", name, {}});
  EXPECT_EQ(kind_of([&] { runtime->discard({"role", name, {}}); }), ErrorKind::invalid);
}

TEST_F(DockerRuntimeTest, resources_are_all_that_bears_our_label_but_the_network_in_use) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant, shell("sleep 60"));
  spec.volumes = {{"data", "/data"}};
  runtime->create(spec, {});
  const std::string old = "old-" + installation.value();
  call("POST", "/networks/create",
       {{"Name", old}, {"Internal", true}, {"Labels", {{"slipway.installation", installation.value()}}}});
  std::vector<std::string> seen;
  for (const Resource& r : runtime->resources()) seen.push_back(r.kind + " " + r.name + " " + r.tenant.value());
  EXPECT_THAT(seen, testing::UnorderedElementsAre("container " + name_of(tenant) + " " + tenant.value(),
                                                  "volume " + name_of(tenant) + "_data " + tenant.value(),
                                                  "network " + old + " "));
}

TEST_F(DockerRuntimeTest, a_foreign_volume_is_not_mounted) {
  InstanceSpec spec = spec_of(new_tenant(), shell("sleep 60"));
  spec.volumes = {{"data", "/data"}};
  const std::string name = name_of(spec.tenant) + "_data";
  ASSERT_EQ(call("POST", "/volumes/create", {{"Name", name}}).status, 201);
  EXPECT_EQ(kind_of([&] { runtime->create(spec, {}); }), ErrorKind::conflict);
  runtime->remove(spec.tenant, true);
  EXPECT_EQ(call("DELETE", "/volumes/" + name).status, 204) << "it was taken away";
}

TEST_F(DockerRuntimeTest, a_network_that_is_not_ours_or_joins_tenants_is_refused) {
  const auto with = [&](const std::string& name) {
    DockerOptions other = options;
    other.network = name;
    return DockerRuntime(other, installation, Log::silent());
  };
  const std::string foreign = "foreign-" + installation.value();
  call("POST", "/networks/create", {{"Name", foreign}, {"Internal", true}});
  std::string message;
  EXPECT_EQ(kind_of([&] { with(foreign).prepare(); }, &message), ErrorKind::conflict);
  EXPECT_THAT(message, HasSubstr("label"));
  call("DELETE", "/networks/" + foreign);
  const std::string open = "open-" + installation.value();
  call("POST", "/networks/create", {{"Name", open}, {"Labels", {{"slipway.installation", installation.value()}}}});
  EXPECT_EQ(kind_of([&] { with(open).prepare(); }, &message), ErrorKind::conflict);
  EXPECT_THAT(message, HasSubstr("reach each other"));
}

TEST_F(DockerRuntimeTest, a_configured_subnet_is_used_and_an_overlap_explained) {
  DockerOptions other = options;
  other.network = "second-" + installation.value();
  other.subnet = network.subnet;
  std::string message;
  const ErrorKind kind = kind_of([&] { DockerRuntime(other, installation, Log::silent()).prepare(); }, &message);
  EXPECT_THAT(message, HasSubstr("free subnet")) << to_string(kind);
  other.subnet = some_subnet();
  DockerRuntime second(other, installation, Log::silent());
  EXPECT_EQ(second.prepare().subnet, other.subnet);
  EXPECT_EQ(second.prepare().host_address, first_host(other.subnet));
}

TEST_F(DockerRuntimeTest, commands_that_cannot_be_executed_are_terminal) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"/no/such/program"}, "no such file or directory"},
      {{"nothere"}, "executable file not found"},
      {{"/bin"}, "permission denied"},
      {{"/etc/text"}, "permission denied"},
  };
  for (const auto& [command, why] : cases) {
    const TenantId tenant = new_tenant();
    runtime->create(spec_of(tenant, command), {});
    std::string message;
    EXPECT_EQ(kind_of([&] { runtime->start(tenant, 0); }, &message), ErrorKind::invalid);
    EXPECT_THAT(message, HasSubstr(why));
    EXPECT_THAT(message, HasSubstr(command.front()));
    EXPECT_EQ(runtime->inspect(tenant)->state, InstanceState::created);
  }
  EXPECT_EQ(kind_of([&] { runtime->create(spec_of(new_tenant(), {}), {}); }), ErrorKind::invalid)
      << "no command at all";
}

TEST_F(DockerRuntimeTest, a_program_found_by_its_bare_name_runs) {
  EXPECT_EQ(output_of(spec_of(new_tenant(), {"busybox", "echo", "hello"})), "hello\n");
}

TEST_F(DockerRuntimeTest, what_the_init_could_not_execute_is_told) {
  const TenantId tenant = new_tenant();
  output_of(spec_of(tenant, {"/bin/script"}));
  ASSERT_TRUE(eventually([&] { return runtime->inspect(tenant)->state == InstanceState::exited; }));
  EXPECT_EQ(runtime->inspect(tenant)->exit_code, 127);
  EXPECT_THAT(runtime->inspect(tenant)->error, HasSubstr("exec /bin/script failed: No such file"));
}

TEST_F(DockerRuntimeTest, an_end_for_want_of_memory_is_told) {
  // Docker hears of it from the kernel by another way than of the end, and at times the end overtakes it for good.
  bool told = false;
  for (int i = 0; i < 5 && !told; ++i) {
    const TenantId tenant = new_tenant();
    InstanceSpec spec = spec_of(tenant, {"/bin/busybox", "tail", "/dev/zero"});
    spec.plan.memory_bytes = 8ull << 20;
    output_of(spec);
    ASSERT_TRUE(eventually([&] { return runtime->inspect(tenant)->state == InstanceState::exited; }));
    EXPECT_EQ(runtime->inspect(tenant)->exit_code, 137);
    told = eventually([&] { return runtime->inspect(tenant)->out_of_memory; }, Millis(2'000));
  }
  EXPECT_TRUE(told);
}

TEST_F(DockerRuntimeTest, one_that_was_removed_by_hand_is_made_again_and_its_volume_with_it) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant, shell("echo kept >> /data/file; /bin/busybox cat /data/file"));
  spec.volumes = {{"data", "/data"}};
  EXPECT_EQ(output_of(spec), "kept\n");
  call("DELETE", "/containers/" + name_of(tenant) + "?force=1&v=1");
  EXPECT_EQ(output_of(spec), "kept\nkept\n");
}

TEST_F(DockerRuntimeTest, one_that_was_paused_by_hand_does_not_run_until_it_is_started) {
  const TenantId tenant = new_tenant();
  runtime->create(spec_of(tenant, shell("sleep 60")), {});
  runtime->start(tenant, 1);
  ASSERT_EQ(call("POST", "/containers/" + name_of(tenant) + "/pause").status, 204);
  const auto paused = runtime->inspect(tenant);
  ASSERT_TRUE(paused);
  EXPECT_EQ(paused->state, InstanceState::exited);
  EXPECT_THAT(paused->error, HasSubstr("paused"));
  for (const Instance& listed : runtime->instances()) EXPECT_EQ(listed.state, InstanceState::exited);
  EXPECT_EQ(runtime->start(tenant, 2), StartResult::started);
  EXPECT_EQ(runtime->inspect(tenant)->state, InstanceState::running);
}

TEST_F(DockerRuntimeTest, a_network_removed_by_hand_comes_back_with_the_next_start) {
  const TenantId tenant = new_tenant();
  runtime->create(spec_of(tenant, shell("sleep 60")), {});
  ASSERT_EQ(call("DELETE", "/networks/slipway_" + installation.value()).status, 204);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
}

TEST_F(DockerRuntimeTest, check_names_the_engine) {
  EXPECT_THAT(runtime->check(), testing::MatchesRegex("(Docker|Podman) [0-9.]+.*"));
}

}  // namespace
}  // namespace slipway::docker
