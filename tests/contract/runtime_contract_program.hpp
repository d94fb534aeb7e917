#pragma once
#include <mutex>
#include <thread>

#include "tests/contract/runtime_contract_fixture.hpp"

// The part of the runtime's contract that needs a program that really runs.
namespace slipway::test {

class RuntimeProgramContract : public RuntimeContract {
 protected:
  void SetUp() override {
    RuntimeContract::SetUp();
    if (world && !world->runs_programs()) GTEST_SKIP() << "NOT TESTED: this runtime runs no programs";
  }

  std::string logs_of(const TenantId& tenant, std::size_t tail) {
    std::string all;
    dynamic_cast<RuntimeLogs&>(*runtime).logs(tenant, tail, false,
                                              [&](std::string_view chunk) { return all += chunk, true; }, {});
    return all;
  }
};

TEST_P(RuntimeProgramContract, the_app_gets_its_environment_and_answers) {
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  const std::string odd = "a=b \"quoted\" $HOME `id` Ångström\nsecond line";
  spec.env = {{"COMPANY_NAME", Secret(odd)}, {"EMPTY", Secret("")}};
  runtime->create(spec, {});
  ASSERT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(ask(spec.host_port, "/env?COMPANY_NAME"), odd);
  EXPECT_EQ(ask(spec.host_port, "/env?EMPTY"), "");
  EXPECT_EQ(ask(spec.host_port, "/env?SLIPWAY_SECRET_OF_THE_HOST"), "(unset)") << "the host's own environment";
}

TEST_P(RuntimeProgramContract, start_again_does_not_disturb) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  const std::string boot = ask(port, "/boot");
  EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
  EXPECT_EQ(ask(port, "/boot"), boot);
}

TEST_P(RuntimeProgramContract, stop_asks_first) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  stop(tenant, Millis(10'000));
  EXPECT_EQ(runtime->inspect(tenant)->exit_code, 0) << "its own exit after SIGTERM";
  EXPECT_NE(logs_of(tenant, 10).find("bye"), std::string::npos);
  EXPECT_FALSE(ask_once(port, "/"));
}

TEST_P(RuntimeProgramContract, stop_kills_who_does_not_hear) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  ASSERT_EQ(ask(port, "/deaf"), "deaf");
  const auto begin = std::chrono::steady_clock::now();
  stop(tenant, Millis(1'000));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, Millis(900)) << "it had its grace";
  EXPECT_LT(took, Millis(20'000));
  EXPECT_EQ(state_of(tenant), InstanceState::exited);
  EXPECT_EQ(runtime->inspect(tenant)->exit_code, 137);
  EXPECT_FALSE(ask_once(port, "/"));
}

TEST_P(RuntimeProgramContract, data_survives_a_new_instance_and_goes_with_its_volume) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  ASSERT_EQ(ask(port, "/write?precious"), "written");
  runtime->remove(tenant, false);
  const Port second = run(tenant);
  EXPECT_EQ(ask(second, "/read"), "precious");
  runtime->remove(tenant, true);
  const Port third = run(tenant);
  EXPECT_EQ(ask(third, "/read"), "(nothing)");
}

TEST_P(RuntimeProgramContract, data_survives_a_replacement) {
  const TenantId tenant = new_tenant();
  ASSERT_EQ(ask(run(tenant), "/write?precious"), "written");
  EXPECT_EQ(ask(run(tenant), "/read"), "precious");
}

TEST_P(RuntimeProgramContract, logs_end_with_the_last_lines) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  for (const char* word : {"one", "two", "three"}) ask(port, std::string("/say?") + word);
  ASSERT_TRUE(eventually([&] { return logs_of(tenant, 100).find("three") != std::string::npos; }));
  EXPECT_EQ(logs_of(tenant, 2), "two\nthree\n");
  EXPECT_EQ(logs_of(tenant, 100), "listening\none\ntwo\nthree\n");
}

TEST_P(RuntimeProgramContract, logs_follow_until_the_end) {
  const TenantId tenant = new_tenant();
  const Port port = run(tenant);
  std::mutex mutex;
  std::string seen;
  const auto contains = [&](const char* text) {
    std::lock_guard lock(mutex);
    return seen.find(text) != std::string::npos;
  };
  std::jthread follower([&](std::stop_token stop) {
    const auto sink = [&](std::string_view chunk) {
      std::lock_guard lock(mutex);
      seen += chunk;
      return true;
    };
    dynamic_cast<RuntimeLogs&>(*runtime).logs(tenant, 10, true, sink, stop);
  });
  ASSERT_TRUE(eventually([&] { return contains("listening"); }));
  ask(port, "/say?live");
  ASSERT_TRUE(eventually([&] { return contains("live"); }));
  world->exit(ours, tenant, port, 0);
  follower.join();  // returns by itself
}

TEST_P(RuntimeProgramContract, logs_stop_when_told) {
  const TenantId tenant = new_tenant();
  run(tenant);
  std::atomic<int> chunks = 0;
  std::jthread follower([&](std::stop_token stop) {
    dynamic_cast<RuntimeLogs&>(*runtime).logs(
        tenant, 10, true, [&](std::string_view) { return ++chunks > 0; }, stop);
  });
  ASSERT_TRUE(eventually([&] { return chunks > 0; }));
  follower.request_stop();
  follower.join();
  // A sink that has enough ends it too.
  dynamic_cast<RuntimeLogs&>(*runtime).logs(tenant, 10, true, [](std::string_view) { return false; }, {});
  EXPECT_EQ(state_of(tenant), InstanceState::running);
}

TEST_P(RuntimeProgramContract, stats_tell_what_it_uses) {
  auto& statistics = dynamic_cast<RuntimeStats&>(*runtime);
  const TenantId tenant = new_tenant();
  EXPECT_FALSE(statistics.stats(tenant));
  InstanceSpec spec = spec_of(tenant);
  spec.plan.memory_bytes = 128 << 20;
  runtime->create(spec, {});
  runtime->start(tenant, 0);
  ASSERT_EQ(ask(spec.host_port, "/eat?32"), "ate");
  ASSERT_EQ(ask(spec.host_port, "/children?3"), "3");
  ASSERT_EQ(ask(spec.host_port, "/burn"), "burnt");
  const auto stats = statistics.stats(tenant);
  ASSERT_TRUE(stats);
  EXPECT_GT(stats->memory_bytes, 32u << 20);
  EXPECT_EQ(stats->memory_limit_bytes, 128u << 20);
  EXPECT_GE(stats->pids, 4u);
  EXPECT_LE(stats->pids, 5u) << "the app, its three children, and an init at most";
  EXPECT_GE(stats->cpu_seconds, 0.05);
  runtime->stop(tenant, Millis(5'000));
  EXPECT_FALSE(statistics.stats(tenant));
}

TEST_P(RuntimeProgramContract, the_memory_limit_bites) {
  if (!world->limits_memory()) GTEST_SKIP() << "NOT TESTED: this runtime does not limit memory";
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  spec.plan.memory_bytes = 64 << 20;
  runtime->create(spec, {});
  runtime->start(tenant, 0);
  EXPECT_EQ(ask(spec.host_port, "/eat?16"), "ate");
  const auto answer = ask_once(spec.host_port, "/eat?256");
  EXPECT_NE(answer, "ate");
  if (!answer) {
    EXPECT_TRUE(ends(tenant));
    EXPECT_TRUE(runtime->inspect(tenant)->out_of_memory);
  }
}

TEST_P(RuntimeProgramContract, the_pids_limit_bites) {
  if (!world->limits_pids()) GTEST_SKIP() << "NOT TESTED: this runtime does not limit the processes of one instance";
  const TenantId tenant = new_tenant();
  InstanceSpec spec = spec_of(tenant);
  spec.plan.pids = 16;
  runtime->create(spec, {});
  runtime->start(tenant, 0);
  const int made = std::stoi(ask(spec.host_port, "/children?100"));
  EXPECT_GT(made, 4);
  EXPECT_LT(made, 16);
}

}  // namespace slipway::test
