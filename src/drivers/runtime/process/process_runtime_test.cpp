// The contract's promises are tested in tests/contract; here is what only the process runtime does.
#include "drivers/runtime/process/process_runtime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "drivers/runtime/process/tenant_files.hpp"
#include "os/proc.hpp"

namespace slipway::process {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// One of its own for each test program: the runtime finds its processes by it, and these programs run side by side.
const InstallationId installation(fmt::format("p{:05}", getpid() % 100'000));
const TenantId ann("t_000000000000000000an");

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(Millis(5));
  }
  return true;
}

class ProcessRuntimeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "slipway-process-XXXXXX").string();
    ASSERT_TRUE(mkdtemp(name.data()));
    root = name;
    fs::permissions(root, fs::perms::others_exec, fs::perm_options::add);
    options.directory = root / "tenants";
    remake();
    runtime->prepare();
  }
  void TearDown() override {
    runtime->remove(ann, true);
    EXPECT_TRUE(runtime->resources().empty());
    fs::remove_all(root);
  }

  void remake() { runtime = std::make_unique<ProcessRuntime>(options, installation, Log::silent()); }
  TenantFiles files() const { return TenantFiles(options.directory / resource_name(installation, ann)); }
  RunState state() const { return files().state().value_or(RunState{}); }

  // A tenant whose command is a line of shell. "touch ready" at the right place lets a test wait for it.
  void start(const std::string& script, Plan plan = {}) {
    InstanceSpec spec;
    spec.tenant = ann;
    spec.command = {"/bin/sh", "-c", script};
    spec.env = {{"COMPANY", Secret("Acme")}};
    spec.volumes = {{"app-data", "/data"}};
    spec.plan = plan;
    runtime->create(spec, {});
    ASSERT_EQ(runtime->start(ann, 0), StartResult::started);
  }
  bool ready() const {
    return eventually([&] { return fs::exists(files().work() / "ready"); });
  }
  bool ended() const {
    return eventually([&] { return runtime->inspect(ann)->state == InstanceState::exited; });
  }
  std::string output(std::size_t tail = 100) const {
    std::string all;
    runtime->logs(ann, tail, false, [&](std::string_view chunk) { return all += chunk, true; }, {});
    return all;
  }
  std::string output_of(const std::string& script) {
    start(script);
    EXPECT_TRUE(ended());
    return output();
  }
  pid_t pid_in(const std::string& file) const {
    pid_t pid = 0;
    std::ifstream(files().work() / file) >> pid;
    return pid;
  }
  static ErrorKind kind_of(const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& e) {
      EXPECT_FALSE(e.message().empty());
      return e.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::internal;
  }

  fs::path root;
  ProcessOptions options;
  std::unique_ptr<ProcessRuntime> runtime;
};

TEST_F(ProcessRuntimeTest, needs_a_command_that_can_be_executed) {
  InstanceSpec spec;
  spec.tenant = ann;
  EXPECT_EQ(kind_of([&] { runtime->create(spec, {}); }), ErrorKind::invalid);
  EXPECT_FALSE(fs::exists(files().directory()));
  std::ofstream(root / "text") << "not a program";
  for (const std::string& program : {std::string("/no/such/program"), (root / "text").string(),
                                     std::string("no-such-program-anywhere"), std::string("./relative")}) {
    spec.command = {program};
    runtime->create(spec, {});
    EXPECT_EQ(kind_of([&] { runtime->start(ann, 0); }), ErrorKind::invalid) << program;
    EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::created) << program;
    runtime->remove(ann, true);
  }
}

TEST_F(ProcessRuntimeTest, a_program_is_found_in_the_path) {
  InstanceSpec spec;
  spec.tenant = ann;
  spec.command = {"echo", "found"};
  runtime->create(spec, {});
  EXPECT_EQ(runtime->start(ann, 0), StartResult::started);
  ASSERT_TRUE(ended());
  EXPECT_EQ(output(), "found\n");
}

TEST_F(ProcessRuntimeTest, the_environment_is_the_tenants_own) {
  setenv("SLIPWAY_TEST_OF_THE_HOST", "leaked", 1);
  const std::string text = output_of("env; pwd");
  unsetenv("SLIPWAY_TEST_OF_THE_HOST");
  const std::string port = std::to_string(runtime->inspect(ann)->host_port->value());
  EXPECT_THAT(text, HasSubstr("COMPANY=Acme\n"));
  EXPECT_THAT(text, HasSubstr("PORT=" + port + "\n"));
  EXPECT_THAT(text, HasSubstr("HOME=" + files().work().string() + "\n"));
  EXPECT_THAT(text, HasSubstr("PATH=" + options.path + "\n"));
  EXPECT_THAT(text, HasSubstr("SLIPWAY_VOLUME_APP_DATA=" + files().volume("app-data").string() + "\n"));
  EXPECT_THAT(text, HasSubstr("\n" + files().work().string() + "\n"));
  EXPECT_THAT(text, Not(HasSubstr("leaked")));
}

TEST_F(ProcessRuntimeTest, nothing_of_slipway_is_inherited) {
  // Open without O_CLOEXEC, as a careless library does it.
  std::ofstream(root / "secret") << "secret";
  FILE* careless = fopen((root / "secret").c_str(), "r");
  struct sigaction ignore = {}, before;
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &ignore, &before);
  const std::string text =
      output_of("ls -l /proc/self/fd; grep -E 'Sig(Blk|Ign)|NoNewPrivs' /proc/self/status; ulimit -c");
  sigaction(SIGUSR1, &before, nullptr);
  fclose(careless);
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, HasSubstr("0 -> /dev/null"));
  EXPECT_THAT(text, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(text, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(text, HasSubstr("SigIgn:\t0000000000000000"));
  EXPECT_TRUE(text.ends_with("\n0\n")) << text;
}

// Whether the text stands anywhere in the memory that the process can write to.
bool memory_holds(pid_t pid, const std::string& text) {
  std::ifstream maps(fmt::format("/proc/{}/maps", pid)), memory(fmt::format("/proc/{}/mem", pid), std::ios::binary);
  EXPECT_TRUE(maps.is_open() && memory.is_open());
  std::uint64_t begin = 0, end = 0;
  char dash = 0;
  for (std::string rights, rest; maps >> std::hex >> begin >> dash >> end >> rights && std::getline(maps, rest);) {
    if (!rights.starts_with("rw") || end - begin > 1ull << 30) continue;  // a sanitizer's shadow is larger
    std::string content(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (content.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_F(ProcessRuntimeTest, a_supervisor_has_nothing_of_slipways_memory) {
  if (geteuid() != 0) GTEST_SKIP() << "NOT TESTED: reading a supervisor's memory needs root";
  const std::string key = fmt::format("the master key of {}", getpid());
  start("sleep 1000");
  EXPECT_TRUE(memory_holds(getpid(), key));
  EXPECT_FALSE(memory_holds(state().supervisor.pid, key));
}

TEST_F(ProcessRuntimeTest, limits_are_set) {
  options.open_files = 77;
  options.processes = 1234;
  remake();
  Plan plan;
  plan.memory_bytes = 96 << 20;
  start("cat /proc/self/limits", plan);
  ASSERT_TRUE(ended());
  const std::string text = output();
  EXPECT_THAT(text, testing::ContainsRegex("Max data size +100663296 +100663296"));
  EXPECT_THAT(text, testing::ContainsRegex("Max open files +77 +77"));
  EXPECT_THAT(text, testing::ContainsRegex("Max processes +1234 +1234"));
  EXPECT_THAT(text, testing::ContainsRegex("Max core file size +0 +0"));
}

TEST_F(ProcessRuntimeTest, a_signal_is_an_exit_code) {
  start("kill -SEGV $$");
  ASSERT_TRUE(ended());
  EXPECT_EQ(runtime->inspect(ann)->exit_code, 128 + SIGSEGV);
}

TEST_F(ProcessRuntimeTest, the_end_of_the_command_is_the_end_of_its_descendants) {
  start(
      "setsid sh -c 'trap \"\" TERM; echo $$ > child; touch ready; sleep 1000' & while ! [ -e go ]; do sleep 0.01; "
      "done");
  ASSERT_TRUE(ready());
  const os::ProcessName child{pid_in("child"), os::start_of(pid_in("child"))};
  ASSERT_TRUE(os::is_running(child));
  EXPECT_TRUE(eventually([&] { return runtime->stats(ann)->pids >= 3; }));
  std::ofstream(files().work() / "go");
  ASSERT_TRUE(ended());
  EXPECT_FALSE(os::is_running(child));
}

TEST_F(ProcessRuntimeTest, stop_ends_those_that_left_the_group) {
  start("setsid sh -c 'trap \"\" TERM; echo $$ > child; touch ready; sleep 1000' & wait");
  ASSERT_TRUE(ready());
  const os::ProcessName child{pid_in("child"), os::start_of(pid_in("child"))};
  runtime->stop(ann, Millis(5'000));
  EXPECT_FALSE(os::is_running(child));
  EXPECT_EQ(runtime->inspect(ann)->exit_code, 128 + SIGTERM);
}

TEST_F(ProcessRuntimeTest, orphans_are_collected) {
  start("sh -c 'sleep 0 & echo $! > orphan' ; sleep 0.1; touch ready; sleep 1000");
  ASSERT_TRUE(ready());
  EXPECT_TRUE(eventually([&] { return kill(pid_in("orphan"), 0) != 0; })) << "a zombie is left";
}

TEST_F(ProcessRuntimeTest, without_its_supervisor_it_still_runs_and_can_be_stopped) {
  start("setsid sh -c 'echo $$ > child; sleep 1000' & while ! [ -s child ]; do sleep 0.01; done; touch ready; wait");
  ASSERT_TRUE(ready());
  const os::ProcessName child{pid_in("child"), os::start_of(pid_in("child"))};
  os::send_signal(state().supervisor, SIGKILL);
  ASSERT_TRUE(os::wait_until_ended(state().supervisor, Millis(5'000)));
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::running);
  EXPECT_EQ(runtime->start(ann, 0), StartResult::started);
  EXPECT_TRUE(os::is_running(state().command)) << "not started a second time";
  runtime->stop(ann, Millis(100));
  EXPECT_FALSE(os::is_running(state().command));
  EXPECT_FALSE(os::is_running(child));
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::exited);
  EXPECT_THAT(runtime->inspect(ann)->error, HasSubstr("nobody watched"));
  EXPECT_EQ(runtime->start(ann, 0), StartResult::started);
  EXPECT_TRUE(os::is_running(state().supervisor));
}

TEST_F(ProcessRuntimeTest, a_recycled_number_is_not_mistaken) {
  start("exit 0");
  ASSERT_TRUE(ended());
  // As after a loss of power: the state says running, and the numbers are those of somebody else's process, this one.
  std::ofstream file(files().directory() / "state");
  file << "scope " << files().scope() << "\nsupervisor " << getpid() << " 1\ncommand " << getpid() << " 1\n";
  file.close();
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::exited);
  runtime->stop(ann, Millis(10));  // and we are still here
  std::ofstream other(files().directory() / "state");
  other << "scope another\nsupervisor " << getpid() << " " << os::start_of(getpid()) << "\ncommand " << getpid() << " "
        << os::start_of(getpid()) << "\n";
  other.close();
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::exited) << "of another boot";
  runtime->stop(ann, Millis(10));
}

TEST_F(ProcessRuntimeTest, outlives_the_process_that_started_it) {
  const pid_t slipway = fork();
  if (slipway == 0) {
    ProcessRuntime mine(options, installation, Log::silent());
    InstanceSpec spec;
    spec.tenant = ann;
    spec.command = {"/bin/sh", "-c", "touch ready; while ! [ -e go ]; do sleep 0.01; done; echo done; exit 5"};
    mine.create(spec, {});
    mine.start(ann, 0);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(slipway, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(ready());
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::running);
  std::ofstream(files().work() / "go");
  ASSERT_TRUE(ended());
  EXPECT_EQ(runtime->inspect(ann)->exit_code, 5);
  EXPECT_EQ(output(), "done\n");
}

TEST_F(ProcessRuntimeTest, logs_are_rotated_and_read_over_the_rotation) {
  options.log_bytes = 20'000;
  remake();
  start("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done");
  ASSERT_TRUE(ended());
  EXPECT_LE(fs::file_size(files().log()), 20'000u);
  EXPECT_LE(fs::file_size(files().old_log()), 20'000u);
  EXPECT_EQ(output(2), "line 4998\nline 4999\n");
  const auto content = [](const fs::path& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string kept = content(files().old_log()) + content(files().log());
  EXPECT_EQ(output(5'000), kept) << "all of both files";
  const auto lines = static_cast<std::size_t>(std::count(kept.begin(), kept.end(), '\n'));
  EXPECT_EQ(output(lines - 1), kept.substr(kept.find('\n') + 1)) << "all but one line, so from both files";
  EXPECT_EQ(output(0), "");
}

TEST_F(ProcessRuntimeTest, a_follower_reads_over_rotations) {
  options.log_bytes = 20'000;
  remake();
  start(
      "touch ready; while ! [ -e go ]; do sleep 0.01; done; i=0; while [ $i -lt 3000 ]; do echo line $i; "
      "i=$((i+1)); done; echo end");
  ASSERT_TRUE(ready());
  std::string all;
  std::ofstream(files().work() / "go");
  runtime->logs(ann, 10, true, [&](std::string_view chunk) { return all += chunk, true; }, {});
  EXPECT_TRUE(all.ends_with("end\n")) << all.substr(all.size() > 200 ? all.size() - 200 : 0);
}

TEST_F(ProcessRuntimeTest, only_directories_of_this_installation_count) {
  start("sleep 1000");
  for (const std::string& stranger :
       {std::string("sw_other1_000000000000000000an"), resource_prefix(installation) + "short", std::string("notes")}) {
    fs::create_directories(options.directory / stranger);
  }
  std::ofstream(options.directory / (resource_prefix(installation) + "00000000000000000fil")) << "a file";
  ASSERT_EQ(runtime->resources().size(), 2u);
  EXPECT_EQ(runtime->instances().size(), 1u);
  runtime->discard({"directory", "sw_other1_000000000000000000an", {}});
  runtime->discard({"directory", "notes", {}});
  runtime->discard({"directory", "../tenants", {}});
  EXPECT_TRUE(fs::exists(options.directory / "sw_other1_000000000000000000an"));
  EXPECT_TRUE(fs::exists(options.directory / "notes"));
}

// A ledger that was copied, with its tenants' directories, must not end the processes of the original.
TEST_F(ProcessRuntimeTest, a_copy_elsewhere_touches_nothing_of_the_original) {
  start("sleep 1000");
  ProcessOptions other = options;
  other.directory = root / "copy";
  fs::copy(options.directory, other.directory, fs::copy_options::recursive);
  ProcessRuntime copy(other, installation, Log::silent());
  EXPECT_EQ(copy.inspect(ann)->state, InstanceState::exited);
  EXPECT_EQ(copy.start(ann, 0), StartResult::started);
  copy.stop(ann, Millis(2'000));
  copy.remove(ann, true);
  EXPECT_TRUE(os::is_running(state().command));
  EXPECT_EQ(runtime->inspect(ann)->state, InstanceState::running);
}

TEST_F(ProcessRuntimeTest, the_specification_is_for_nobody_elses_eyes) {
  start("sleep 1000");
  const auto others = fs::perms::group_all | fs::perms::others_all;
  EXPECT_EQ(fs::status(files().directory() / "spec.json").permissions() & others, fs::perms::none);
  EXPECT_EQ(fs::status(files().log()).permissions() & others, fs::perms::none);
  EXPECT_EQ(fs::status(files().work()).permissions() & others, fs::perms::none);
}

TEST_F(ProcessRuntimeTest, commands_run_as_the_given_user) {
  if (geteuid() != 0) GTEST_SKIP() << "NOT TESTED: changing the user needs root";
  options.user = "nobody";
  remake();
  const std::string text = output_of("id -un; touch $SLIPWAY_VOLUME_APP_DATA/file && echo wrote; cat ../spec.json");
  EXPECT_THAT(text, HasSubstr("nobody\nwrote\n"));
  EXPECT_THAT(text, HasSubstr("Permission denied"));
  options.user = "no-such-user";
  remake();
  EXPECT_EQ(kind_of([&] { runtime->check(); }), ErrorKind::invalid);
}

// As an ordinary user, whose processes may otherwise read each other's memory.
TEST_F(ProcessRuntimeTest, works_without_root_and_a_tenant_cannot_read_its_supervisor) {
  if (geteuid() != 0) GTEST_SKIP() << "NOT TESTED: changing the user needs root";
  constexpr uid_t nobody = 65'534;
  ASSERT_EQ(chown(options.directory.c_str(), nobody, nobody), 0);
  const pid_t slipway = fork();
  if (slipway == 0) {
    if (setresgid(nobody, nobody, nobody) != 0 || setresuid(nobody, nobody, nobody) != 0) _exit(2);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // as a process that was always this user's
    start(
        "cat /proc/$PPID/environ >/dev/null && echo readable; setsid sleep 1000 & echo $! > child; touch ready; wait");
    if (!ready()) _exit(3);
    const os::ProcessName child{pid_in("child"), os::start_of(pid_in("child"))};
    const bool ran = os::is_running(child) && eventually([&] { return runtime->stats(ann)->pids == 2; });
    runtime->stop(ann, Millis(2'000));
    _exit(ran && !os::is_running(child) && runtime->inspect(ann)->exit_code == 128 + SIGTERM ? 0 : 4);
  }
  int status = 0;
  waitpid(slipway, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(output(), HasSubstr("Permission denied"));
  EXPECT_THAT(output(), Not(HasSubstr("readable")));
}

}  // namespace
}  // namespace slipway::process

// The supervisor of a process is this program anew.
int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "supervise") return slipway::process::supervise({words.begin() + 1, words.end()});
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
