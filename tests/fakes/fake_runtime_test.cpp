// The contract's promises are tested in tests/contract; here are the faults, which only the fake has.
#include <gtest/gtest.h>

#include "tests/fakes/fake_probe.hpp"
#include "tests/fakes/fake_runtime.hpp"
#include "tests/fakes/manual_clock.hpp"

namespace slipway::test {
namespace {

const TenantId ann("t_00000000000000000ann");
const TenantId bob("t_00000000000000000bob");

InstanceSpec spec_of(const TenantId& tenant, std::uint16_t port) {
  InstanceSpec spec;
  spec.tenant = tenant;
  spec.image = "app:1";
  spec.host_port = Port(port);
  return spec;
}

ErrorKind kind_thrown(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::internal;
}

TEST(FakeRuntime, fails_as_often_as_told_and_only_for_whom) {
  FakeRuntime runtime;
  runtime.fail_next(RuntimeCall::create, Error(ErrorKind::limited, "full"), 2, ann);
  EXPECT_EQ(runtime.create(spec_of(bob, 1), {}).state, InstanceState::created);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kind_thrown([&] { runtime.create(spec_of(ann, 2), {}); }), ErrorKind::limited);
    EXPECT_FALSE(runtime.inspect(ann));
  }
  runtime.create(spec_of(ann, 2), {});
  EXPECT_EQ(runtime.creates(ann), 1u);
  EXPECT_EQ(runtime.calls(RuntimeCall::create), 4u);
}

TEST(FakeRuntime, a_lost_reply_has_done_the_work) {
  FakeRuntime runtime;
  runtime.lose_reply_next(RuntimeCall::create);
  EXPECT_EQ(kind_thrown([&] { runtime.create(spec_of(ann, 1), {}); }), ErrorKind::unavailable);
  EXPECT_TRUE(runtime.inspect(ann));
  runtime.create(spec_of(ann, 1), {});
  EXPECT_EQ(runtime.creates(ann), 1u);
}

TEST(FakeRuntime, ports_images_and_programs_can_be_missing) {
  FakeRuntime runtime;
  runtime.remove_image("gone:1");
  InstanceSpec spec = spec_of(ann, 7);
  spec.image = "gone:1";
  EXPECT_EQ(kind_thrown([&] { runtime.create(spec, {}); }), ErrorKind::not_found);
  runtime.add_image("gone:1");
  runtime.create(spec, {});
  runtime.take_port(Port(7));
  EXPECT_EQ(runtime.start(ann, 0), StartResult::port_taken);
  runtime.free_port(Port(7));
  EXPECT_EQ(runtime.start(ann, 0), StartResult::started);
  runtime.create(spec_of(bob, 7), {});
  EXPECT_EQ(runtime.start(bob, 0), StartResult::port_taken) << "another instance has it";
  runtime.remove(bob, true);
  spec = spec_of(bob, 8);
  spec.command = {"/no/such/program"};
  runtime.remove_program("/no/such/program");
  runtime.create(spec, {});
  EXPECT_EQ(kind_thrown([&] { runtime.start(bob, 0); }), ErrorKind::invalid);
}

TEST(FakeRuntime, instances_end_as_told) {
  FakeRuntime runtime;
  EXPECT_FALSE(runtime.kill(ann));
  runtime.create(spec_of(ann, 7), {});
  runtime.exit_on_start(ann, 3);
  runtime.start(ann, 0);
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::exited);
  EXPECT_EQ(runtime.inspect(ann)->exit_code, 3);
  runtime.exit_on_start(ann, {});
  runtime.start(ann, 0);
  EXPECT_EQ(runtime.starts(ann), 2u);
  EXPECT_TRUE(runtime.kill(ann));
  EXPECT_EQ(runtime.inspect(ann)->exit_code, 137);
  EXPECT_TRUE(runtime.vanish(ann));
  EXPECT_FALSE(runtime.inspect(ann));
}

TEST(FakeProbe, asks_who_listens_on_the_port) {
  FakeRuntime runtime;
  FakeProbe probe(runtime);
  const std::string url = "http://ann.127-0-0-1.sslip.io:20001/healthz";
  const ProbeTarget target{"127.0.0.1", Port(20001)};
  runtime.create(spec_of(ann, 20001), {});
  EXPECT_EQ(probe.ask(target, url, Millis(1)).detail, "connection refused");
  probe.ready_after(ann, 2);
  runtime.start(ann, 0);
  EXPECT_FALSE(probe.ask(target, url, Millis(1)).ready);
  EXPECT_FALSE(probe.ask(target, url, Millis(1)).ready);
  EXPECT_TRUE(probe.ask(target, url, Millis(1)).ready);
  probe.never_ready(ann, "timeout");
  EXPECT_EQ(probe.ask(target, url, Millis(1)).detail, "timeout");
  probe.ready(ann);
  EXPECT_TRUE(probe.ask(target, url, Millis(1)).ready);
  EXPECT_FALSE(probe.ask({"127.0.0.1", Port(80)}, url, Millis(1)).ready) << "port 80";
  EXPECT_EQ(probe.asks(ann), 5u);
}

TEST(ManualClock, moves_only_by_hand) {
  ManualClock clock(TimePoint(Millis(5)));
  clock.advance(Millis(10));
  EXPECT_EQ(clock.now(), TimePoint(Millis(15)));
  clock.advance_to(TimePoint(Millis(3)));
  EXPECT_EQ(clock.now(), TimePoint(Millis(15)));
  clock.advance_to(TimePoint(Millis(30)));
  EXPECT_EQ(clock.now(), TimePoint(Millis(30)));
}

}  // namespace
}  // namespace slipway::test
