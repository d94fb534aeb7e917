#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "drivers/store/sqlite/test_support.hpp"

// Ledgers whose process is killed or whose disk is full, in child processes.
namespace slipway::sqlite::test {
namespace {

// Runs `f` in a child with a pipe to write to; returns the child and the pipe's other end.
struct Child {
  pid_t pid = -1;
  int pipe = -1;
};
Child start_child(const std::function<int(int pipe)>& f) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    int code = 99;
    try {
      code = f(ends[1]);
    } catch (const std::exception& error) {
      fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

int exit_code(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void write_until_killed(const std::string& path, int pipe) {
  SqliteStore store(path);
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int n = w; n < 9'000; n += 4) {
        Tenant tenant = create(store, n);
        tenant.reason = "saved";
        if (!store.save(tenant, {{0, t0, "status", "", "saved", {}}}, std::nullopt)) ::_exit(1);
        if (::write(pipe, &n, sizeof n) != sizeof n) ::_exit(2);  // atomic: less than PIPE_BUF
      }
    });
  }
}

TEST(Crash, WhatWasAcknowledgedSurvivesSigkill) {
  const Scratch scratch;
  const Child child = start_child([&](int pipe) {
    write_until_killed(scratch.path(), pipe);
    return 0;
  });
  std::set<int> acknowledged;
  int n = 0;
  while (::read(child.pipe, &n, sizeof n) == sizeof n) {
    acknowledged.insert(n);
    if (acknowledged.size() == 300) ::kill(child.pid, SIGKILL);
  }
  ::close(child.pipe);
  EXPECT_EQ(exit_code(child.pid), 128 + SIGKILL) << "the child was to die in the middle of its work";
  ASSERT_GE(acknowledged.size(), 300u);

  SqliteStore store(scratch.path());
  for (const int id : acknowledged) {
    const auto tenant = store.find(id_of(id));
    ASSERT_TRUE(tenant) << id << " was acknowledged and is gone";
    EXPECT_EQ(tenant->reason, "saved");
    EXPECT_EQ(store.events(id_of(id), 0, 10).size(), 2u);
  }
  // What was being written is there as a whole or not at all.
  std::size_t tenants = 0;
  TenantFilter filter;
  for (auto page = store.list(filter); !page.empty(); page = store.list(filter)) {
    tenants += page.size();
    filter.after = page.back().id.value();
  }
  EXPECT_EQ(store.ports(t0).size(), tenants);
  EXPECT_EQ(integrity(scratch.path()), "ok");
}

// Each exit code is one broken promise. `relieve` makes room again.
int fill_and_relieve(const std::string& path, const std::function<void()>& constrain,
                     const std::function<void()>& relieve) {
  SqliteStore store(path);
  constrain();
  int n = 0;
  std::optional<Error> error;
  while (!error && n < 9'000) {
    error = error_of([&] { create(store, n); });
    if (!error) ++n;
  }
  if (!error) return 1;
  fprintf(stderr, "after %d sign-ups: %s\n", n, error->what());
  if (error->kind() != ErrorKind::unavailable) return 2;
  if (n < 10) return 3;
  if (store.find(id_of(n))) return 4;
  for (int i = 0; i < n; ++i) {
    if (!store.find(id_of(i))) return 5;
  }
  if (store.ports(t0).size() != static_cast<std::size_t>(n)) return 6;
  relieve();
  for (int i = n; i < n + 100; ++i) create(store, i);
  if (integrity(path) != "ok") return 7;
  SqliteStore again(path);
  if (again.ports(t0).size() != static_cast<std::size_t>(n + 100)) return 8;
  return 0;
}

void limit_file_size(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("setrlimit");
}

TEST(Crash, AWriteThatTheSystemRefusesIsUnavailableAndHarmsNothing) {
  const Scratch scratch;
  const Child child = start_child([&](int) {
    ::signal(SIGXFSZ, SIG_IGN);
    return fill_and_relieve(
        scratch.path(), [] { limit_file_size(1'500'000); }, [] { limit_file_size(RLIM_INFINITY); });
  });
  EXPECT_EQ(exit_code(child.pid), 0);
  ::close(child.pipe);
}

TEST(Crash, AFullDiskIsUnavailableAndHarmsNothing) {
  const Scratch scratch;
  constexpr int no_mounts = 77;
  const Child child = start_child([&](int) {
    // A disk of 16 megabytes that only this child sees, 13 of them taken.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", scratch.folder.c_str(), "tmpfs", 0, "size=16m") != 0) {
      return no_mounts;
    }
    std::ofstream(scratch.path("ballast")) << std::string(13 << 20, 'x');
    return fill_and_relieve(
        scratch.path(), [] {}, [&] { std::filesystem::remove(scratch.path("ballast")); });
  });
  ::close(child.pipe);
  const int code = exit_code(child.pid);
  if (code == no_mounts) GTEST_SKIP() << "a small disk can be mounted only with CAP_SYS_ADMIN (run as root)";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace slipway::sqlite::test
