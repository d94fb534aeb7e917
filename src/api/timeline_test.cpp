// Answers that wait or go on: what wakes them, what they read, and when they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_api.hpp"
#include "tests/fakes/forward.hpp"

namespace slipway::api {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using State = PieceSource::State;

const net::Headers as_stream{{"Accept", "text/event-stream"}};

struct Opened {
  int woken = 0;
  std::unique_ptr<PieceSource> source;
};

void open(Opened& opened, net::Reply reply) {
  opened.source = std::get<net::StreamingResponse>(reply).open({}, [&opened] { ++opened.woken; });
}

TEST(EventStream, GivesWhatThereIsAndIsToldOfWhatComes) {
  Api api;
  const TenantId id = api.sign_up("acme");
  Opened stream;
  open(stream, api.ask("GET", "/v1/tenants/" + id.value() + "/events", "", as_stream));
  std::string text;
  EXPECT_EQ(stream.source->pull(text), State::waiting);
  EXPECT_THAT(text, StartsWith("id: 1\nevent: signed_up\ndata: {"));
  text.clear();
  EXPECT_EQ(stream.source->pull(text), State::waiting);
  EXPECT_EQ(text, "") << "nothing is told twice";
  EXPECT_EQ(stream.woken, 0);
  api.settle(id);
  EXPECT_GE(stream.woken, 1);
  EXPECT_EQ(stream.source->pull(text), State::waiting);
  EXPECT_THAT(text, HasSubstr("event: status"));
}

TEST(EventStream, ALongTimelineComesFromItsBeginning) {
  Api api;
  const TenantId id = api.sign_up("acme");
  for (int i = 0; i < 120; ++i) api.store.append(id, {0, api.clock.now(), "note", "", "again", {}});
  Opened stream;
  open(stream, api.ask("GET", "/v1/tenants/" + id.value() + "/events", "", as_stream));
  std::string text;
  EXPECT_EQ(stream.source->pull(text), State::waiting);
  EXPECT_THAT(text, StartsWith("id: 1\n"));
  EXPECT_THAT(text, HasSubstr("id: 121\n"));
}

TEST(EventStream, EndsWithTheTenantAndLeavesNoWatcher) {
  Api api;
  const TenantId id = api.sign_up("acme");
  api.settle(id);
  Opened stream;
  open(stream, api.ask("GET", "/v1/tenants/" + id.value() + "/events", "", as_stream));
  EXPECT_EQ(api.watch.watchers(id), 1u);
  api.answer("DELETE", "/v1/tenants/" + id.value());
  api.settle(id);
  std::string text;
  EXPECT_EQ(stream.source->pull(text), State::ended);
  stream.source.reset();
  EXPECT_EQ(api.watch.watchers(id), 0u);
}

// What wakes a waiter runs on the engine's thread, in the middle of its work: a ledger that fails then is no matter.
TenantId signed_up(Api& api) {
  return TenantId(
      std::string(object_of(api.answer("POST", "/provision", Api::body_of("acme"))).at("tenantId").as_string()));
}

TEST(Waiting, WhatWakesItReadsNothing) {
  struct Failing : test::ForwardStore {
    using ForwardStore::ForwardStore;
    std::optional<Tenant> find(const TenantId& id) override { return check(), ForwardStore::find(id); }
    std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) override {
      return check(), ForwardStore::events(id, after, limit);
    }
    void check() const {
      if (failing) throw Error(ErrorKind::unavailable, "ledger: busy");
    }
    bool failing = false;
  };
  Api api;
  const TenantId id = signed_up(api);
  Failing store(api.store);
  Context context{store,      api.gate, api.tenants, api.watch, api.sweeper, api.settings.access, api.clock,
                  api.random, nullptr,  nullptr,     {},        "1",         Secret("k"),         Log::silent()};
  const Router router = make_router(context);
  const auto sign_up = router.handle(
      {"POST", "/provision", "wait=5", {{"Content-Type", "application/json"}}, Api::body_of("acme"), "unix"});
  const auto events = router.handle({"GET", "/v1/tenants/" + id.value() + "/events", "wait=5&after=1", {}, "", "unix"});
  store.failing = true;
  int woken = 0;
  for (const auto* reply : {&sign_up, &events}) {
    std::get<net::WaitingResponse>(*reply).subscribe([&] { ++woken; });
  }
  EXPECT_EQ(woken, 0);
  EXPECT_NO_THROW(api.watch.changed(id));
  EXPECT_EQ(woken, 2);
  for (const auto* reply : {&sign_up, &events}) {
    const auto& waiting = std::get<net::WaitingResponse>(*reply);
    EXPECT_THROW(waiting.ready(), Error);
    EXPECT_EQ(waiting.finish().status, 503);
  }
}

TEST(Waiting, IsBoundedForEachTenant) {
  Api api;
  const TenantId id = signed_up(api);
  std::vector<net::WaitingResponse> held;
  for (int i = 0; i < 100; ++i) {
    held.push_back(std::get<net::WaitingResponse>(api.ask("POST", "/provision?wait=5", Api::body_of("acme"))));
    held.back().subscribe([] {});
    EXPECT_FALSE(held.back().ready());
  }
  EXPECT_EQ(api.watch.watchers(id), 100u);
  EXPECT_EQ(api.answer("POST", "/provision?wait=5", Api::body_of("acme")).status, 202) << "how things stand now";
  held.clear();
  EXPECT_EQ(api.watch.watchers(id), 0u);
}

// An app that said a line and is silent since, on an engine that may be gone.
struct SilentLogs : RuntimeLogs {
  struct Source : PieceSource {
    explicit Source(int& the_open) : open(the_open) { ++open; }
    ~Source() override { --open; }
    State pull(std::string& out) override {
      if (!std::exchange(said, true)) out += "listening\n";
      return State::waiting;
    }
    int descriptor() const override { return 77; }
    bool said = false;
    int& open;
  };
  std::unique_ptr<PieceSource> open_logs(const TenantId&, std::size_t, bool, std::stop_token) override {
    if (gone) throw Error(ErrorKind::not_found, "docker: there is no container");
    return std::make_unique<Source>(open);
  }
  bool gone = false;
  int open = 0;
};

TEST(Logs, AreHandedOnWithoutWaitingAndLetGo) {
  Api api;
  SilentLogs logs;
  api.context.logs = &logs;
  const std::string path = "/v1/tenants/" + api.sign_up("acme").value() + "/logs?follow=1";
  Opened stream;
  open(stream, api.ask("GET", path));
  std::string text;
  EXPECT_EQ(stream.source->pull(text), State::waiting);
  EXPECT_EQ(text, "listening\n");
  EXPECT_EQ(stream.source->descriptor(), 77);
  EXPECT_EQ(logs.open, 1);
  stream.source.reset();
  EXPECT_EQ(logs.open, 0);
  logs.gone = true;
  open(stream, api.ask("GET", path));
  EXPECT_EQ(stream.source->pull(text), State::ended);
  EXPECT_THAT(text, EndsWith("slipway: docker: there is no container\n"));
}

}  // namespace
}  // namespace slipway::api
