// Pulls from a real registry (Debian's docker-registry) that wants a password.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>

#include "base/crypto.hpp"
#include "drivers/runtime/docker/registry_auth.hpp"
#include "drivers/runtime/docker/test_engine.hpp"

namespace slipway::docker {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char* user = "slip";
constexpr const char* password = "pw-secret";
// bcrypt of the password, as docker-registry wants it.
constexpr const char* htpasswd = "slip:$2y$05$abcdefghijklmnopqrstuuRTGhBovtrBUDhvLy5ZN4SE.d5whSZ5u\n";

class DockerPull : public RealEngine {
 protected:
  void SetUp() override {
    RealEngine::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!fs::exists("/usr/bin/docker-registry")) {
      GTEST_SKIP() << "NOT TESTED with a real registry: docker-registry is missing (Debian: docker-registry)";
    }
    std::string name = (fs::temp_directory_path() / "slipway-registry-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    start_registry();
    push();
  }

  void TearDown() override {
    stop_registry();
    if (!registry.empty()) call("DELETE", "/images/" + registry + "/shop:1?force=1");
    if (!folder.empty()) fs::remove_all(folder);
    RealEngine::TearDown();
  }

  void start_registry() {
    const int port = free_port().value();
    registry = fmt::format("127.0.0.1:{}", port);
    std::ofstream(folder / "htpasswd") << htpasswd;
    std::ofstream(folder / "config.yml") << fmt::format(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {0}/data}}}}\n"
        "http: {{addr: \"{1}\"}}\nauth: {{htpasswd: {{realm: test, path: {0}/htpasswd}}}}\n",
        folder.string(), registry);
    std::string program = "/usr/bin/docker-registry";
    std::string verb = "serve";
    std::string config = (folder / "config.yml").string();
    char* const argv[] = {program.data(), verb.data(), config.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ASSERT_EQ(::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    net::HttpClient client({"http://" + registry, {}, {}, {}});
    ASSERT_TRUE(eventually([&] {
      try {
        return client.send({.target = "/v2/"}).status == 401;
      } catch (const Error&) {
        return false;
      }
    }));
  }

  void stop_registry() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = -1;
  }

  // Puts the test's image into the registry and takes it from the engine.
  void push() {
    const RegistryLogin login{registry, user, Secret(password), {}};
    ASSERT_EQ(call("POST", "/images/" + image + "/tag?repo=" + registry + "/shop&tag=1").status, 201);
    Call upload{"POST",
                "/images/" + registry + "/shop/push?tag=1",
                "",
                {{"X-Registry-Auth", registry_auth_header(login).reveal()}},
                Millis(60'000)};
    const auto pushed = engine.call(upload);
    ASSERT_EQ(pushed.status, 200);
    ASSERT_THAT(pushed.body, Not(HasSubstr("error")));
    ASSERT_EQ(call("DELETE", "/images/" + registry + "/shop:1").status, 200);
    ASSERT_EQ(call("DELETE", "/images/" + image).status, 200);
  }

  void log_in(const std::string& word) {
    std::ofstream(folder / "docker.json") << fmt::format(R"({{"auths": {{"{}": {{"auth": "{}"}}}}}})", registry,
                                                         to_base64(std::string(user) + ":" + word));
    options.docker_config_path = (folder / "docker.json").string();
    runtime = std::make_unique<DockerRuntime>(options, installation, Log::silent());
  }

  Error failure(const std::string& name) {
    InstanceSpec spec = spec_of(new_tenant(), {"/bin/busybox", "echo", "pulled"});
    spec.image = name;
    try {
      runtime->create(spec, {});
    } catch (const Error& error) {
      EXPECT_FALSE(runtime->inspect(spec.tenant));
      return error;
    }
    ADD_FAILURE() << "no error";
    return Error(ErrorKind::internal, "");
  }

  fs::path folder;
  std::string registry;
  pid_t pid = -1;
};

TEST_F(DockerPull, a_private_image_is_pulled_with_the_login_of_dockers_own_file) {
  log_in(password);
  InstanceSpec spec = spec_of(new_tenant(), {"/bin/busybox", "echo", "pulled"});
  spec.image = registry + "/shop:1";
  std::vector<std::string> words;
  runtime->create(spec, [&](const std::string& said) { words.push_back(said); });
  ASSERT_FALSE(words.empty());
  EXPECT_EQ(words.front(), "pulling " + spec.image);
  EXPECT_EQ(output_of(spec), "pulled\n");
}

TEST_F(DockerPull, without_the_right_login_it_is_refused_for_good) {
  const Error anonymous = failure(registry + "/shop:1");
  EXPECT_EQ(to_string(anonymous.kind()), "forbidden") << anonymous.what();
  EXPECT_THAT(anonymous.message(), HasSubstr("docker login"));
  log_in("wrong-secret");
  const Error wrong = failure(registry + "/shop:1");
  EXPECT_EQ(to_string(wrong.kind()), "forbidden") << wrong.what();
  EXPECT_THAT(wrong.message(), Not(HasSubstr("wrong-secret")));
  std::ofstream(folder / "docker.json") << R"({"credsStore": "slipway-absent"})";
  EXPECT_THAT(failure(registry + "/shop:1").message(), HasSubstr("docker-credential-slipway-absent"));
}

TEST_F(DockerPull, an_image_that_is_not_there_is_not_found) {
  log_in(password);
  EXPECT_EQ(to_string(failure(registry + "/shop:7").kind()), "not_found");
  EXPECT_EQ(to_string(failure(registry + "/nothing").kind()), "not_found");
  EXPECT_EQ(to_string(failure("Bad::Name").kind()), "invalid");
}

TEST_F(DockerPull, a_registry_that_is_down_may_come_back) {
  stop_registry();
  const Error error = failure(registry + "/shop:1");
  EXPECT_EQ(to_string(error.kind()), "unavailable") << error.what();
  EXPECT_TRUE(error.retryable());
}

}  // namespace
}  // namespace slipway::docker
