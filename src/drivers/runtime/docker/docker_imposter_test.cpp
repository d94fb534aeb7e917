// The runtime against an engine that misbehaves: lost answers, surprises, silence, other versions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::docker {
namespace {

using test::Imposter;
using test::ImposterRequest;
using test::ImposterResponse;
using testing::HasSubstr;
using testing::Not;

const InstallationId here("4k2x9q");
const TenantId acme("t_01jdd2x8k40a1b2c3d4e");
const std::string acme_name = "sw_4k2x9q_01jdd2x8k40a1b2c3d4e";

ImposterResponse answer(int status, const std::string& body) {
  ImposterResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = body;
  return response;
}

ImposterResponse refusal(int status, const std::string& message) {
  return answer(status, R"({"message":")" + message + "\"}");
}

ImposterResponse reset() {
  ImposterResponse response;
  response.reset = true;
  return response;
}

std::string container(const std::string& status, int port = 20001) {
  return R"({"Id":"abc","Image":"sha256:1","Path":"/app","State":{"Status":")" + status +
         R"("},"Config":{"Image":"shop:1","Labels":{"slipway.installation":"4k2x9q","slipway.tenant":")" +
         acme.value() + R"("}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":")" + std::to_string(port) +
         R"("}]}}})";
}

InstanceSpec shop_spec() {
  InstanceSpec spec;
  spec.tenant = acme;
  spec.image = "shop:1";
  spec.app_port = 80;
  spec.host_port = Port(20001);
  return spec;
}

ErrorKind kind_of(const std::function<void()>& call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.message();
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::internal;
}

class DockerImposter : public testing::Test {
 protected:
  DockerRuntime& runtime() {
    if (!runtime_) {
      options.endpoint.url = engine.base_url();
      runtime_ = std::make_unique<DockerRuntime>(options, here, Log::silent());
    }
    return *runtime_;
  }
  void has_container(const std::string& status, int port = 20001) {
    engine.on("GET /v1.41/containers/" + acme_name + "/json", answer(200, container(status, port)));
  }

  Imposter engine;
  DockerOptions options;
  std::unique_ptr<DockerRuntime> runtime_;
};

TEST_F(DockerImposter, a_container_whose_creation_was_not_answered_is_found_again) {
  std::atomic<bool> made = false;
  engine.on("POST /v1.41/containers/create", [&](const ImposterRequest&) {
    return made.exchange(true) ? refusal(409, "Conflict. The container name is already in use") : reset();
  });
  // A request that breaks on a connection which served one before is sent again by itself.
  ImposterResponse last = answer(200, "{}");
  last.headers.emplace_back("Connection", "close");
  engine.on("GET /v1.41/images/shop%3A1/json", last);
  has_container("created");
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::unavailable);
  EXPECT_EQ(runtime().create(shop_spec(), {}).id, "abc");
  EXPECT_TRUE(engine.requests("DELETE /v1.41/containers/abc").empty());
}

TEST_F(DockerImposter, a_torn_answer_is_no_success) {
  ImposterResponse torn = answer(201, R"({"Id":"abcdefgh"})");
  torn.truncate_after = 5;
  engine.on("POST /v1.41/containers/create", torn);
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::unavailable);
  engine.on("POST /v1.41/containers/create", answer(201, "<html>"));
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::internal);
}

TEST_F(DockerImposter, a_start_that_the_host_cannot_do_is_tried_again_whatever_the_status) {
  has_container("exited");
  for (const int status : {400, 404, 500}) {
    for (const char* trouble :
         {"unable to apply cgroup configuration: mkdir /sys/fs/cgroup/app: no such file or directory",
          "exec: \\\"/sbin/docker-init\\\": permission denied"}) {
      engine.on(
          "POST /v1.41/containers/abc/start",
          refusal(status, std::string("OCI runtime create failed: unable to start container process: ") + trouble));
      EXPECT_EQ(kind_of([&] { runtime().start(acme, 1); }), ErrorKind::unavailable) << status << trouble;
    }
    engine.on("POST /v1.41/containers/abc/start",
              refusal(status,
                      "OCI runtime create failed: unable to start container process: exec: \\\"/app\\\": stat "
                      "/app: no such file or directory"));
    EXPECT_EQ(kind_of([&] { runtime().start(acme, 1); }), ErrorKind::invalid);
  }
}

TEST_F(DockerImposter, one_with_another_port_makes_room) {
  std::atomic<bool> there = true;
  engine.on("POST /v1.41/containers/create", [&](const ImposterRequest&) {
    return there ? refusal(409, "Conflict. The container name is already in use") : answer(201, R"({"Id":"new"})");
  });
  has_container("running", 20002);
  engine.on("DELETE /v1.41/containers/abc", [&](const ImposterRequest&) {
    there = false;
    return answer(204, "");
  });
  EXPECT_EQ(runtime().create(shop_spec(), {}).id, "new");
}

TEST_F(DockerImposter, a_name_that_another_call_has_just_taken_is_looked_at_again) {
  engine.on("POST /v1.41/containers/create", refusal(409, "Conflict. The container name is already in use"));
  std::atomic<int> looks = 0;
  engine.on("GET /v1.41/containers/" + acme_name + "/json", [&](const ImposterRequest&) {
    return ++looks < 8 ? refusal(404, "No such container") : answer(200, container("created"));
  });
  EXPECT_EQ(runtime().create(shop_spec(), {}).id, "abc");
}

TEST_F(DockerImposter, a_name_that_never_comes_free_is_an_error_in_time) {
  options.deadlines.create = Millis(100);
  engine.on("POST /v1.41/containers/create", refusal(409, "Conflict. The container name is already in use"));
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::unavailable);
}

TEST_F(DockerImposter, a_removal_in_progress_is_waited_for) {
  has_container("removing");
  engine.on("DELETE /v1.41/containers/abc", refusal(409, "removal of container abc is already in progress"));
  engine.on("POST /v1.41/containers/abc/wait", answer(200, R"({"StatusCode":0})"));
  runtime().remove(acme, false);
  EXPECT_EQ(engine.requests("POST /v1.41/containers/abc/wait").size(), 1u);
  options.deadlines.remove = Millis(100);
  runtime_.reset();
  ImposterResponse never;
  never.never = true;
  engine.on("POST /v1.41/containers/abc/wait", never);
  EXPECT_EQ(kind_of([&] { runtime().remove(acme, false); }), ErrorKind::unavailable);
}

TEST_F(DockerImposter, a_missing_image_is_pulled_once_with_progress) {
  std::atomic<bool> pulled = false;
  engine.on("POST /v1.41/containers/create", [&](const ImposterRequest&) {
    return pulled ? answer(201, R"({"Id":"abc"})") : refusal(404, "No such image: shop:1");
  });
  engine.on("POST /v1.41/images/create", [&](const ImposterRequest&) {
    pulled = true;
    ImposterResponse response;
    response.chunks = {"{\"status\":\"Pulling from library/shop\",\"id\":\"1\"}\r\n", "{\"status\":\"Pull comp",
                       "lete\",\"id\":\"aa\"}\r\n"};
    return response;
  });
  std::vector<std::string> words;
  EXPECT_EQ(runtime().create(shop_spec(), [&](const std::string& said) { words.push_back(said); }).id, "abc");
  ASSERT_FALSE(words.empty());
  EXPECT_EQ(words.front(), "pulling shop:1");
  const auto pulls = engine.requests("POST /v1.41/images/create");
  ASSERT_EQ(pulls.size(), 1u);
  EXPECT_THAT(pulls[0].target, HasSubstr("fromImage=docker.io%2Flibrary%2Fshop&tag=1"));
}

TEST_F(DockerImposter, an_error_in_the_midst_of_a_pull_fails_it) {
  engine.on("POST /v1.41/containers/create", refusal(404, "No such image: shop:1"));
  engine.on("POST /v1.41/images/create",
            answer(200,
                   "{\"status\":\"Pulling from library/shop\",\"id\":\"1\"}\n{\"error\":\"unauthorized: "
                   "authentication required\"}\n"));
  std::string message;
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }, &message), ErrorKind::forbidden);
  EXPECT_THAT(message, HasSubstr("docker login"));
}

TEST_F(DockerImposter, a_registry_that_repeats_the_login_tells_it_to_nobody) {
  std::string file = (std::filesystem::temp_directory_path() / "slipway-login-XXXXXX").string();
  const int descriptor = ::mkstemp(file.data());
  ASSERT_GE(descriptor, 0);
  ::close(descriptor);
  const std::string login = to_base64("shop:pw-of-the-registry");
  std::ofstream(file) << R"({"auths":{"https://index.docker.io/v1/":{"auth":")" + login + "\"}}}";
  options.docker_config_path = file;
  engine.on("POST /v1.41/containers/create", refusal(404, "No such image: shop:1"));
  engine.on("POST /v1.41/images/create", [&](const ImposterRequest& request) {
    return refusal(
        500, "unauthorized: " + login + ", pw-of-the-registry, " + net::header(request.headers, "X-Registry-Auth"));
  });
  std::string message;
  kind_of([&] { runtime().create(shop_spec(), {}); }, &message);
  std::filesystem::remove(file);
  EXPECT_THAT(message, testing::AllOf(HasSubstr("unauthorized: "), HasSubstr("***"), Not(HasSubstr("pw-of"))));
  EXPECT_THAT(message, Not(HasSubstr(login.substr(8, 8))));
  ASSERT_EQ(engine.requests("POST /v1.41/images/create").size(), 1u);
  const auto sent = net::header(engine.requests("POST /v1.41/images/create")[0].headers, "X-Registry-Auth");
  EXPECT_THAT(message, Not(HasSubstr(sent.substr(4, 12))));
}

TEST_F(DockerImposter, an_image_that_is_missing_after_its_pull_is_not_pulled_for_ever) {
  engine.on("POST /v1.41/containers/create", refusal(404, "No such image: shop:1"));
  engine.on("POST /v1.41/images/create", answer(200, "{\"status\":\"done\"}\n"));
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::not_found);
  EXPECT_EQ(engine.requests("POST /v1.41/images/create").size(), 1u);
}

TEST_F(DockerImposter, a_silent_pull_ends) {
  options.deadlines.pull_silence = Millis(100);
  engine.on("POST /v1.41/containers/create", refusal(404, "No such image: shop:1"));
  ImposterResponse silent;
  silent.chunks = {"{\"status\":\"Pulling from library/shop\",\"id\":\"1\"}\n"};
  silent.endless = true;
  engine.on("POST /v1.41/images/create", silent);
  EXPECT_EQ(kind_of([&] { runtime().create(shop_spec(), {}); }), ErrorKind::unavailable);
}

TEST_F(DockerImposter, starts_in_flight_are_bounded) {
  options.parallel_starts = 2;
  has_container("exited");
  std::mutex mutex;
  std::condition_variable changed;
  int now = 0, most = 0;
  engine.on("POST /v1.41/containers/abc/start", [&](const ImposterRequest&) {
    std::unique_lock lock(mutex);
    most = std::max(most, ++now);
    changed.notify_all();
    // Each start leaves time for one too many to come.
    changed.wait_until(lock, std::chrono::system_clock::now() + Millis(100), [&] { return now > 2; });
    --now;
    return answer(204, "");
  });
  runtime();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_EQ(runtime_->start(acme, 0), StartResult::started); });
  threads.clear();
  EXPECT_EQ(engine.requests("POST /v1.41/containers/abc/start").size(), 8u);
  EXPECT_EQ(most, 2);
}

TEST_F(DockerImposter, a_start_that_finds_no_slot_says_so) {
  options.parallel_starts = 1;
  options.deadlines.start = Millis(300);
  has_container("exited");
  ImposterResponse never;
  never.never = true;
  engine.on("POST /v1.41/containers/abc/start", never);
  runtime();
  std::jthread first([&] { EXPECT_EQ(kind_of([&] { runtime_->start(acme, 0); }), ErrorKind::unavailable); });
  ASSERT_TRUE(engine.wait_for_requests(2));
  EXPECT_EQ(kind_of([&] { runtime_->start(acme, 0); }), ErrorKind::unavailable);
}

TEST_F(DockerImposter, a_network_that_vanished_under_a_stopped_container_is_made_again) {
  has_container("exited");
  std::atomic<bool> made = false;
  engine.on("POST /v1.41/containers/abc/start", [&](const ImposterRequest&) {
    return made ? answer(204, "") : refusal(404, "network slipway_4k2x9q not found");
  });
  engine.on("GET /v1.41/networks/slipway_4k2x9q", [&](const ImposterRequest&) {
    return made ? answer(200, R"({"Driver":"bridge","Labels":{"slipway.installation":"4k2x9q"},"Options":
                                 {"com.docker.network.bridge.enable_icc":"false"},
                                 "IPAM":{"Config":[{"Subnet":"172.30.0.0/16"}]}})")
                : refusal(404, "network slipway_4k2x9q not found");
  });
  engine.on("POST /v1.41/networks/create", [&](const ImposterRequest&) {
    made = true;
    return answer(201, R"({"Id":"net"})");
  });
  EXPECT_EQ(runtime().start(acme, 0), StartResult::started);
  EXPECT_EQ(runtime().prepare().host_address, "172.30.0.1") << "the engine left the gateway out";
}

TEST_F(DockerImposter, a_place_in_the_network_that_a_killed_engine_kept_is_cleared) {
  has_container("exited");
  engine.on("POST /v1.41/containers/abc/start",
            refusal(403, "endpoint with name " + acme_name + " already exists in network slipway_4k2x9q"));
  engine.on("DELETE /v1.41/containers/abc", answer(204, ""));
  engine.on("POST /v1.41/networks/slipway_4k2x9q/disconnect", answer(200, ""));
  EXPECT_EQ(kind_of([&] { runtime().start(acme, 0); }), ErrorKind::unavailable) << "it is made anew and tried again";
  EXPECT_EQ(engine.requests("DELETE /v1.41/containers/abc").size(), 1u);
  const auto cleared = engine.requests("POST /v1.41/networks/slipway_4k2x9q/disconnect");
  ASSERT_EQ(cleared.size(), 1u);
  EXPECT_EQ(cleared[0].body, R"({"Container":")" + acme_name + R"(","Force":true})");
}

TEST_F(DockerImposter, an_engine_that_refuses_our_version_is_spoken_to_in_its_oldest) {
  engine.on("*", refusal(400,
                         "client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade "
                         "your client to a newer version"));
  engine.on("GET /version", answer(200, R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})"));
  engine.on("GET /v1.44/containers/" + acme_name + "/json", answer(200, container("running")));
  EXPECT_EQ(runtime().inspect(acme)->state, InstanceState::running);
  EXPECT_EQ(runtime().inspect(acme)->state, InstanceState::running);
  EXPECT_EQ(engine.requests("GET /version").size(), 1u) << "it is remembered";
  EXPECT_EQ(runtime().check(), "Docker 29.0.0");
}

TEST_F(DockerImposter, check_names_what_is_wrong) {
  engine.on("GET /version", answer(200, R"({"Version":"19.03.1","ApiVersion":"1.40","MinAPIVersion":"1.12"})"));
  std::string message;
  EXPECT_EQ(kind_of([&] { runtime().check(); }, &message), ErrorKind::invalid);
  EXPECT_THAT(message, HasSubstr("1.41 or later"));
  engine.on("GET /version", answer(200, R"({"Version":"4.3.1","ApiVersion":"1.41",
                                           "Components":[{"Name":"Podman Engine"}]})"));
  EXPECT_EQ(runtime().check(), "Podman 4.3.1");

  DockerOptions nowhere;
  nowhere.endpoint.url = "unix:///nonexistent/docker.sock";
  DockerRuntime unreachable(nowhere, here, Log::silent());
  EXPECT_EQ(kind_of([&] { unreachable.check(); }, &message), ErrorKind::unavailable);
  EXPECT_THAT(message, HasSubstr("Is dockerd running"));
}

TEST_F(DockerImposter, secrets_of_the_environment_are_in_no_error) {
  InstanceSpec spec = shop_spec();
  spec.env = {{"DATABASE_URL", Secret("postgres://u:s3cr3t@h/d")}};
  std::string message;
  for (const auto& response : {refusal(500, "surprise"), answer(201, "torn"), reset()}) {
    engine.on("POST /v1.41/containers/create", response);
    kind_of([&] { runtime().create(spec, {}); }, &message);
    EXPECT_THAT(message, Not(HasSubstr("s3cr3t")));
  }
  EXPECT_THAT(engine.requests("POST /v1.41/containers/create").front().body, HasSubstr("s3cr3t"));
}

TEST_F(DockerImposter, a_watch_reconnects_and_says_what_it_may_have_missed) {
  ImposterResponse ping = answer(200, "OK");
  ping.headers.emplace_back("Date", "Mon, 23 Nov 2026 16:09:17 GMT");
  engine.on("GET /v1.41/_ping", ping);
  std::atomic<int> connection = 0;
  engine.on("GET /v1.41/events", [&](const ImposterRequest&) {
    const std::string event =
        R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"slipway.tenant":")";
    const int number = ++connection;
    if (number == 1) return refusal(403, "a proxy in front of the engine does not let this pass");
    ImposterResponse response;
    response.chunks = {event + "t_" + std::to_string(number), "\"}}}\n{\"Type\":\"container\"}\n"};
    response.endless = number == 3;
    return response;
  });
  std::mutex mutex;
  std::condition_variable_any said;
  std::vector<std::string> heard;
  const auto hear = [&](const std::string& what) {
    std::lock_guard lock(mutex);
    heard.push_back(what);
    said.notify_all();
  };
  runtime();
  std::jthread watcher([&](std::stop_token stop) {
    runtime_->watch([&](const TenantId& id) { hear(id.value()); }, [&] { hear("missed"); }, stop);
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(said.wait_until(lock, std::chrono::system_clock::now() + std::chrono::seconds(15),
                              [&] { return heard.size() >= 5; }));
  EXPECT_EQ(heard, (std::vector<std::string>{"missed", "missed", "t_2", "missed", "t_3"}));
  lock.unlock();
  watcher.request_stop();
  watcher.join();
  EXPECT_THAT(engine.requests("GET /v1.41/events").front().target, HasSubstr("since=1795450157"));
}

}  // namespace
}  // namespace slipway::docker
