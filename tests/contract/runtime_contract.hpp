#pragma once
#include <atomic>
#include <set>
#include <thread>

#include "tests/contract/runtime_contract_fixture.hpp"
#include "tests/contract/runtime_contract_program.hpp"

// What contracts/runtime.hpp promises of every runtime; what needs a program that really runs stands in
// runtime_contract_program.hpp.
namespace slipway::test {

TEST_P(RuntimeContract, prepare_is_idempotent_and_names_the_host) {
  const HostNetwork network = runtime->prepare();
  EXPECT_FALSE(network.host_address.empty());
  EXPECT_NE(network.subnet.find('/'), std::string::npos);
  EXPECT_EQ(runtime->prepare().host_address, network.host_address);
  EXPECT_FALSE(runtime->check().empty());
}

TEST_P(RuntimeContract, create_makes_and_does_not_start) {
  const TenantId tenant = new_tenant();
  const InstanceSpec spec = spec_of(tenant);
  const Instance made = runtime->create(spec, {});
  EXPECT_EQ(made.tenant, tenant);
  EXPECT_FALSE(made.id.empty());
  EXPECT_EQ(made.state, InstanceState::created);
  const auto seen = runtime->inspect(tenant);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->id, made.id);
  EXPECT_EQ(seen->tenant, tenant);
  EXPECT_EQ(seen->state, InstanceState::created);
  EXPECT_EQ(seen->host_port, spec.host_port);
}

TEST_P(RuntimeContract, create_again_changes_nothing) {
  const TenantId tenant = new_tenant();
  const InstanceSpec spec = spec_of(tenant);
  const Instance made = runtime->create(spec, {});
  EXPECT_EQ(runtime->create(spec, {}).id, made.id);
  runtime->start(tenant, 0);
  const Instance again = runtime->create(spec, {});
  EXPECT_EQ(again.id, made.id);
  EXPECT_EQ(again.state, InstanceState::running);
  EXPECT_EQ(runtime->instances().size(), 1u);
}

TEST_P(RuntimeContract, create_with_another_fingerprint_replaces) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  spec.fingerprint = "one";
  const Instance made = runtime->create(spec, {});
  EXPECT_EQ(runtime->create(spec, {}).id, made.id);
  spec.fingerprint = "two";
  const Instance other = runtime->create(spec, {});
  EXPECT_NE(other.id, made.id);
  EXPECT_EQ(other.host_port, made.host_port);
  EXPECT_EQ(runtime->create(spec, {}).id, other.id);
  EXPECT_EQ(runtime->instances().size(), 1u);
}

TEST_P(RuntimeContract, create_with_another_port_replaces) {
  const TenantId tenant = new_tenant();
  const Port old_port = run(tenant);
  const auto old = runtime->inspect(tenant);
  const Instance made = runtime->create(spec_of(tenant), {});
  EXPECT_NE(made.id, old->id);
  EXPECT_NE(made.host_port, old_port);
  EXPECT_EQ(made.state, InstanceState::created);
  EXPECT_EQ(runtime->instances().size(), 1u);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(runtime->inspect(tenant)->host_port, made.host_port);
}

TEST_P(RuntimeContract, the_runtime_chooses_a_port_for_port_0) {
  const TenantId tenant = new_tenant();
  runtime->create(spec_of(tenant, Port(0)), {});
  ASSERT_EQ(runtime->start(tenant, 0), StartResult::started);
  const auto instance = runtime->inspect(tenant);
  ASSERT_TRUE(instance->host_port);
  EXPECT_NE(*instance->host_port, Port(0));
  if (world->runs_programs()) {
    EXPECT_EQ(ask(*instance->host_port, "/"), "hello");
  }
}

TEST_P(RuntimeContract, start_without_an_instance_is_not_found) {
  try {
    runtime->start(new_tenant(), 0);
    FAIL() << "started nothing";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_found) << e.what();
  }
}

TEST_P(RuntimeContract, a_taken_port_is_told_and_passes) {
  const TenantId tenant = new_tenant();
  const InstanceSpec spec = spec_of(tenant);
  auto stranger = world->hold(spec.host_port);
  runtime->create(spec, {});
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::port_taken);
  EXPECT_NE(state_of(tenant), InstanceState::running);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::port_taken);
  stranger.reset();
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(state_of(tenant), InstanceState::running);
}

TEST_P(RuntimeContract, after_a_taken_port_another_one_serves) {
  const TenantId tenant = new_tenant();
  const InstanceSpec spec = spec_of(tenant);
  const auto stranger = world->hold(spec.host_port);
  runtime->create(spec, {});
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::port_taken);
  run(tenant);
}

TEST_P(RuntimeContract, stop_ends_it_and_start_begins_again) {
  const TenantId tenant = new_tenant();
  run(tenant);
  stop(tenant, Millis(10'000));
  EXPECT_EQ(state_of(tenant), InstanceState::exited);
  stop(tenant, Millis(10'000));
  EXPECT_EQ(state_of(tenant), InstanceState::exited);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(state_of(tenant), InstanceState::running);
}

TEST_P(RuntimeContract, what_is_absent_is_success) {
  const TenantId nobody = new_tenant();
  EXPECT_FALSE(runtime->inspect(nobody));
  runtime->stop(nobody, Millis(100));
  runtime->remove(nobody, false);
  runtime->remove(nobody, true);
  const TenantId created = new_tenant();
  runtime->create(spec_of(created), {});
  runtime->stop(created, Millis(100));
  EXPECT_NE(state_of(created), InstanceState::running);
  runtime->remove(created, true);
  runtime->remove(created, true);
  EXPECT_FALSE(runtime->inspect(created));
}

TEST_P(RuntimeContract, an_exit_is_seen_with_its_code) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  world->exit(ours, tenant, port, 7);
  ASSERT_TRUE(ends(tenant));
  EXPECT_EQ(runtime->inspect(tenant)->exit_code, 7);
  EXPECT_FALSE(runtime->inspect(tenant)->out_of_memory);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(state_of(tenant), InstanceState::running);
}

TEST_P(RuntimeContract, remove_takes_a_running_one_and_keeps_volumes_if_told) {
  const TenantId tenant = new_tenant();
  run(tenant);
  runtime->remove(tenant, false);
  EXPECT_FALSE(runtime->inspect(tenant));
  EXPECT_TRUE(runtime->instances().empty());
  EXPECT_FALSE(of(tenant, runtime->resources()).empty()) << "the volume";
  runtime->remove(tenant, true);
  EXPECT_TRUE(of(tenant, runtime->resources()).empty());
}

TEST_P(RuntimeContract, an_instance_without_volumes_leaves_nothing) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  spec.volumes.clear();
  runtime->create(spec, {});
  runtime->start(tenant, 0);
  runtime->remove(tenant, false);
  EXPECT_TRUE(of(tenant, runtime->resources()).empty());
}

TEST_P(RuntimeContract, instances_lists_all_that_are_there) {
  std::set<TenantId> made;
  for (int i = 0; i < 3; ++i) {
    made.insert(new_tenant());
  }
  for (const TenantId& tenant : made) runtime->create(spec_of(tenant), {});
  runtime->start(*made.begin(), 0);
  std::set<TenantId> listed;
  for (const Instance& instance : runtime->instances()) {
    listed.insert(instance.tenant);
    const bool first = instance.tenant == *made.begin();
    EXPECT_EQ(instance.state, first ? InstanceState::running : InstanceState::created);
    EXPECT_EQ(instance.id, runtime->inspect(instance.tenant)->id);
  }
  EXPECT_EQ(listed, made);
}

TEST_P(RuntimeContract, two_installations_never_touch_each_other) {
  const auto other = world->runtime(theirs);
  other->prepare();
  const TenantId tenant = new_tenant();  // the same id on both sides
  run(tenant);
  EXPECT_FALSE(other->inspect(tenant));
  EXPECT_TRUE(other->instances().empty());
  EXPECT_TRUE(of(tenant, other->resources()).empty());
  other->stop(tenant, Millis(0));
  other->remove(tenant, true);
  for (const Resource& resource : runtime->resources()) {
    // Refusing and ignoring are both right.
    try {
      other->discard(resource);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::forbidden) << e.what();
    }
  }
  EXPECT_EQ(state_of(tenant), InstanceState::running);
  InstanceSpec twin = spec_of(tenant);
  other->create(twin, {});
  EXPECT_EQ(runtime->instances().size(), 1u);
  EXPECT_EQ(runtime->inspect(tenant)->state, InstanceState::running);
  EXPECT_EQ(other->inspect(tenant)->state, InstanceState::created);
  runtime->remove(tenant, true);
  EXPECT_TRUE(other->inspect(tenant));
}

TEST_P(RuntimeContract, discarding_every_resource_leaves_nothing) {
  const TenantId tenant = new_tenant();
  run(tenant);
  // A container that uses a volume or a network goes first, as the sweep does it: in the order of the list, twice.
  for (int round = 0; round < 2; ++round) {
    for (const Resource& resource : runtime->resources()) runtime->discard(resource);
  }
  EXPECT_TRUE(runtime->resources().empty());
  EXPECT_FALSE(runtime->inspect(tenant));
}

TEST_P(RuntimeContract, an_instance_outlives_the_runtime_and_is_adopted) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  const auto before = runtime->inspect(tenant);
  const auto boot = world->runs_programs() ? ask(port, "/boot") : "";
  runtime.reset();
  runtime = world->runtime(ours);
  runtime->prepare();
  const auto after = runtime->inspect(tenant);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->id, before->id);
  EXPECT_EQ(after->state, InstanceState::running);
  EXPECT_EQ(after->host_port, port);
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  if (world->runs_programs()) {
    EXPECT_EQ(ask(port, "/boot"), boot) << "it was disturbed";
  }
  stop(tenant, Millis(10'000));
  EXPECT_EQ(state_of(tenant), InstanceState::exited);
}

TEST_P(RuntimeContract, a_bad_command_is_terminal) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  spec.command = {"/no/such/program"};
  try {
    runtime->create(spec, {});
    runtime->start(tenant, 0);
    FAIL() << "it started";
  } catch (const Error& e) {
    EXPECT_FALSE(e.retryable()) << e.what();
    EXPECT_NE(e.message().find("/no/such/program"), std::string::npos) << e.what();
  }
  const auto instance = runtime->inspect(tenant);
  EXPECT_TRUE(!instance || instance->state != InstanceState::running);
  runtime->remove(tenant, true);
  EXPECT_TRUE(of(tenant, runtime->resources()).empty());
}

TEST_P(RuntimeContract, many_at_once_make_one) {
  const TenantId tenant = new_tenant();
  const InstanceSpec spec = spec_of(tenant);
  std::vector<std::thread> threads;
  std::atomic<int> started = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        runtime->create(spec, {});
        started += runtime->start(tenant, 0) == StartResult::started;
      } catch (const Error& e) {
        ADD_FAILURE() << e.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(started, 4);
  EXPECT_EQ(runtime->instances().size(), 1u);
  EXPECT_EQ(state_of(tenant), InstanceState::running);
}

TEST_P(RuntimeContract, an_end_is_told_to_who_watches) {
  auto* events = dynamic_cast<RuntimeEvents*>(runtime.get());
  if (!events) GTEST_SKIP() << "NOT TESTED: this runtime tells no events";
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  std::atomic<int> missed = 0;
  std::atomic<bool> told = false;
  std::jthread watcher([&](std::stop_token stop) {
    events->watch([&](const TenantId& changed) { told = told || changed == tenant; }, [&] { ++missed; }, stop);
  });
  ASSERT_TRUE(eventually([&] { return missed == 1; }));
  EXPECT_FALSE(told);
  world->exit(ours, tenant, port, 3);
  EXPECT_TRUE(eventually([&] { return told.load(); }));
  EXPECT_TRUE(ends(tenant));
  runtime->start(tenant, 0);
  told = false;
  runtime->remove(tenant, false);
  EXPECT_TRUE(eventually([&] { return told.load(); }));
}

}  // namespace slipway::test
