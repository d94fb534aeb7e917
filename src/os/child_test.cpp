#include "os/child.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <thread>

#include "base/error.hpp"
#include "os/file.hpp"
#include "os/proc.hpp"

namespace slipway::os {
namespace {

using testing::HasSubstr;
constexpr Millis enough{20'000};

Ended shell(const std::string& script, Command more = {}, Millis timeout = enough) {
  more.words = {"sh", "-c", script};
  return run(more, timeout);
}

std::pair<ErrorKind, std::string> failure(const Command& command, Millis timeout = enough) {
  try {
    run(command, timeout);
  } catch (const Error& error) {
    return {error.kind(), error.message()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(OsChild, GetsItsInputAndTellsHowItEnded) {
  const Ended ended = shell("read word; echo \"got $word\"; exit 3", {.input = "hello\n"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.output, "got hello\n");
  EXPECT_EQ(shell("kill -KILL $$").exit_code, 128 + SIGKILL);
  EXPECT_EQ(shell("cat").output, "") << "an input that ends at once";
  EXPECT_EQ(shell("exit 0", {.input = std::string(4096, 'x')}).exit_code, 0) << "one that nobody reads";
}

TEST(OsChild, ItsErrorsGoWhereTheyAreWanted) {
  EXPECT_EQ(shell("echo bad >&2").output, "bad\n");
  EXPECT_EQ(shell("echo bad >&2", {.errors = Command::Errors::discarded}).output, "");
}

TEST(OsChild, HasTheEnvironmentAndTheDirectoryThatItIsGiven) {
  ::setenv("SLIPWAY_OS_TEST", "inherited", 1);
  EXPECT_EQ(shell("echo $SLIPWAY_OS_TEST").output, "inherited\n");
  EXPECT_EQ(shell("echo $SLIPWAY_OS_TEST$B", {.environment = {{"B=c"}}}).output, "c\n");
  EXPECT_EQ(shell("pwd", {.directory = "/"}).output, "/\n");
  ::unsetenv("SLIPWAY_OS_TEST");
}

TEST(OsChild, HoldsNoDescriptorOfOursAndIgnoresNoSignal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // without O_CLOEXEC
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  // The shell itself keeps the script in none; ls has one for the directory.
  EXPECT_EQ(shell("ls /proc/self/fd | wc -l").output, "4\n");
  EXPECT_THAT(shell("grep SigIgn /proc/self/status").output, HasSubstr("0000000000000000"));
  ::signal(SIGPIPE, before);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(OsChild, WhatCannotBeRunSaysSo) {
  const auto [kind, message] = failure({.words = {"no-such-program"}});
  EXPECT_EQ(kind, ErrorKind::invalid);
  EXPECT_THAT(message, HasSubstr("no-such-program cannot be run: No such file"));
  EXPECT_EQ(failure({.words = {"cat"}, .input = std::string(4097, 'x')}).first, ErrorKind::invalid);
}

TEST(OsChild, IsNotWaitedForForEver) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(failure({.words = {"sleep", "60"}}, Millis(50)).second, HasSubstr("sleep did not end in time"));
  // It says that it has no more to say, and goes on.
  const Command silent{.words = {"sh", "-c", "exec sleep 60 >&- 2>&-"}};
  EXPECT_EQ(failure(silent, Millis(200)).first, ErrorKind::unavailable);
  EXPECT_THAT(failure({.words = {"yes"}}).second, HasSubstr("more than 64 KiB"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

TEST(OsChild, ADetachedOneIsNobodysChildAndWritesIntoItsLog) {
  std::string folder = (std::filesystem::temp_directory_path() / "slipway-child-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto log = std::filesystem::path(folder) / "log";
  const pid_t pid = start_detached({.words = {"sh", "-c", "echo here; exec sleep 60"}}, log);
  const ProcessName process{pid, start_of(pid)};
  EXPECT_TRUE(is_running(process));
  EXPECT_TRUE(is_running(pid));
  const auto deadline = std::chrono::steady_clock::now() + enough;
  while (read_file(log) != "here\n" && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(read_file(log), "here\n");
  send_signal(process, SIGKILL);
  EXPECT_TRUE(wait_until_ended(process, enough));
  EXPECT_FALSE(is_running(pid));
  EXPECT_THROW(start_detached({.words = {"no-such-program"}}, log), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace slipway::os
