#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "contracts/runtime.hpp"

namespace slipway::test {

// A TCP port of all addresses, bound by this process until it goes.
class HeldPort {
 public:
  HeldPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    socklen_t size = sizeof(address);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 1) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw Error(ErrorKind::internal, "cannot bind a port");
    }
    port_ = Port(ntohs(address.sin_port));
  }
  ~HeldPort() { close(fd_); }
  HeldPort(const HeldPort&) = delete;
  HeldPort& operator=(const HeldPort&) = delete;
  Port port() const { return port_; }

 private:
  int fd_;
  Port port_;
};

// Waits for a condition, asked again and again, at most `timeout`.
inline bool eventually(const std::function<bool()>& condition, Millis timeout = Millis(15'000)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(Millis(10));
  }
  return true;
}

// The body of one GET on this machine, or nothing where nobody answers.
inline std::optional<std::string> ask_once(Port port, const std::string& target) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port.value());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
  std::string response;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t got; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      response.append(buffer, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  const std::size_t body = response.find("\r\n\r\n");
  if (body == std::string::npos) return std::nullopt;
  return response.substr(body + 4);
}

// The same, asked until somebody answers.
inline std::string ask(Port port, const std::string& target) {
  std::optional<std::string> body;
  eventually([&] { return (body = ask_once(port, target)).has_value(); });
  return body.value_or("(no answer)");
}

// A machine with a runtime on it, and what the contract needs to know of it.
class RuntimeWorld {
 public:
  virtual ~RuntimeWorld() = default;
  // Another runtime on the same machine each time.
  virtual std::unique_ptr<Runtime> runtime(const InstallationId& installation) = 0;
  virtual std::string image() const { return "test"; }
  virtual std::vector<std::string> app() const = 0;  // the command of tests/contract/test_app.cpp
  virtual bool runs_programs() const { return true; }
  virtual bool limits_pids() const { return false; }
  virtual bool limits_memory() const { return true; }
  // A stranger takes a port, and frees it when what is returned goes.
  virtual std::shared_ptr<void> hold(Port port) = 0;
  // Takes away what instances share, which no sweep may touch: when both installations' tests are over.
  virtual void remove_shared(const InstallationId&) {}
  // Makes the instance end by itself.
  virtual void exit(const InstallationId&, const TenantId&, Port port, int code) {
    EXPECT_EQ(ask(port, "/exit?" + std::to_string(code)), "exiting");
  }
};

struct RuntimeFactory {
  std::string name;
  // Nothing, and a reason, where this machine cannot run it.
  std::function<std::unique_ptr<RuntimeWorld>(std::string& reason)> make;
};

// How a test's name and its messages show it.
inline void PrintTo(const RuntimeFactory& factory, std::ostream* out) { *out << factory.name; }

class RuntimeContract : public testing::TestWithParam<RuntimeFactory> {
 protected:
  void SetUp() override {
    std::string reason;
    world = GetParam().make(reason);
    if (!world) GTEST_SKIP() << "NOT TESTED: " << reason;
    ours = new_installation();
    theirs = new_installation();
    runtime = world->runtime(ours);
    runtime->prepare();
  }

  void TearDown() override {
    if (!world) return;
    runtime.reset();
    for (const InstallationId& installation : {ours, theirs}) {
      const auto left = world->runtime(installation);
      for (const Instance& instance : left->instances()) left->remove(instance.tenant, true);
      for (const Resource& resource : left->resources()) left->discard(resource);
      EXPECT_TRUE(left->resources().empty()) << "discarding everything leaves nothing";
      world->remove_shared(installation);
    }
  }

  InstallationId new_installation() {
    std::string id;
    for (int i = 0; i < 6; ++i) id += "0123456789abcdefghijklmnopqrstuvwxyz"[random.next() % 36];
    return InstallationId(id);
  }

  TenantId new_tenant() { return TenantId(new_id("t_", SystemClock().now(), random)); }

  InstanceSpec spec_of(const TenantId& tenant, std::optional<Port> port = {}) {
    InstanceSpec spec;
    spec.tenant = tenant;
    spec.slug = Slug("acme");
    spec.image = world->image();
    spec.command = world->app();
    spec.app_port = 8080;
    spec.host_port = port ? *port : HeldPort().port();
    spec.volumes = {{"data", "/data"}};
    return spec;
  }

  // A tenant whose instance runs and, where programs run, answers.
  Port run(const TenantId& tenant) {
    const Port port = runtime->create(spec_of(tenant), {}).host_port.value_or(Port(0));
    EXPECT_EQ(runtime->start(tenant, 0), StartResult::started);
    if (world->runs_programs()) {
      EXPECT_EQ(ask(port, "/"), "hello");
    }
    return port;
  }

  // Tells it to end, and waits until it has.
  void stop(const TenantId& tenant, Millis grace) {
    runtime->stop(tenant, grace);
    eventually([&] {
      const InstanceState state = state_of(tenant);
      return state != InstanceState::running && state != InstanceState::stopping;
    });
  }

  InstanceState state_of(const TenantId& tenant) {
    const auto instance = runtime->inspect(tenant);
    EXPECT_TRUE(instance) << "no instance";
    return instance ? instance->state : InstanceState::exited;
  }

  bool ends(const TenantId& tenant) {
    return eventually([&] { return state_of(tenant) == InstanceState::exited; });
  }

  static std::vector<Resource> of(const TenantId& tenant, std::vector<Resource> all) {
    std::erase_if(all, [&](const Resource& resource) { return resource.tenant != tenant; });
    return all;
  }

  SystemRandom random;
  std::unique_ptr<RuntimeWorld> world;
  InstallationId ours, theirs;
  std::unique_ptr<Runtime> runtime;
};

}  // namespace slipway::test
