#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/process/process_runtime.hpp"
#include "tests/contract/runtime_contract.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace slipway::test {
namespace {

namespace fs = std::filesystem;

// SLIPWAY_TEST_APP is the path of the built tests/contract/test_app.cpp.
const std::string test_app = SLIPWAY_TEST_APP;

class FakeWorld : public RuntimeWorld {
 public:
  FakeWorld() { machine_.remove_program("/no/such/program"); }
  std::unique_ptr<Runtime> runtime(const InstallationId& installation) override {
    return std::make_unique<FakeRuntime>(machine_, installation);
  }
  std::vector<std::string> app() const override { return {"/app"}; }
  bool runs_programs() const override { return false; }
  std::shared_ptr<void> hold(Port port) override {
    machine_.take_port(port);
    return std::shared_ptr<void>(this, [port](FakeWorld* world) { world->machine_.free_port(port); });
  }
  void exit(const InstallationId& installation, const TenantId& tenant, Port, int code) override {
    EXPECT_TRUE(FakeRuntime(machine_, installation).exit(tenant, code));
  }

 private:
  FakeRuntime machine_;
};

// A listening socket on one port of this machine.
std::shared_ptr<void> listen_on(Port port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port.value());
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 1) != 0) {
    throw Error(ErrorKind::internal, "cannot hold port " + std::to_string(port.value()));
  }
  return std::shared_ptr<void>(nullptr, [fd](void*) { close(fd); });
}

class ProcessWorld : public RuntimeWorld {
 public:
  ProcessWorld() {
    std::string name = (fs::temp_directory_path() / "slipway-contract-XXXXXX").string();
    if (!mkdtemp(name.data())) throw Error(ErrorKind::internal, "cannot make a temporary directory");
    directory_ = name;
  }
  ~ProcessWorld() override { fs::remove_all(directory_); }
  std::unique_ptr<Runtime> runtime(const InstallationId& installation) override {
    process::ProcessOptions options;
    options.directory = directory_ / "tenants";
    return std::make_unique<process::ProcessRuntime>(options, installation, Log::silent());
  }
  std::vector<std::string> app() const override { return {test_app}; }
  std::shared_ptr<void> hold(Port port) override { return listen_on(port); }

 private:
  fs::path directory_;
};

docker::DockerOptions docker_options() {
  docker::DockerOptions options;
  if (const char* endpoint = getenv("DOCKER_HOST")) options.endpoint.url = endpoint;
  return options;
}

// The app as an image FROM scratch; each process of the test has its own and takes it away.
class TestImage {
 public:
  TestImage() : engine_(docker_options().endpoint), name_("slipway-contract-app:" + std::to_string(getpid())) {
    docker::Call import{"POST",
                        "/images/create?fromSrc=-&repo=slipway-contract-app&tag=" + std::to_string(getpid()),
                        archive(),
                        {{"Content-Type", "application/x-tar"}},
                        Millis(60'000)};
    const net::Response response = engine_.call(import);
    if (response.status != 200) throw Error(ErrorKind::internal, "importing the test image: " + response.body);
  }
  ~TestImage() {
    try {
      engine_.call({"DELETE", "/images/" + name_ + "?force=1", "", {}, Millis(60'000)});
    } catch (const Error& e) {
      ADD_FAILURE() << "removing the test image: " << e.what();
    }
  }
  const std::string& name() const { return name_; }

 private:
  static std::string archive() {
    std::string tar;
    FILE* pipe = popen(("tar -cf - --transform 's,.*,app,' -P '" + test_app + "'").c_str(), "r");
    char buffer[65'536];
    for (std::size_t got; pipe && (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) tar.append(buffer, got);
    if (!pipe || pclose(pipe) != 0) throw Error(ErrorKind::internal, "cannot make a tar of " + test_app);
    return tar;
  }

  docker::EngineClient engine_;
  std::string name_;
};

class DockerWorld : public RuntimeWorld {
 public:
  explicit DockerWorld(std::shared_ptr<TestImage> image) : image_(std::move(image)) {}
  std::unique_ptr<Runtime> runtime(const InstallationId& installation) override {
    docker::DockerOptions options = docker_options();
    // Docker's own pool holds some thirty networks only; many of these tests may run at one time.
    const std::size_t number = std::hash<std::string>{}(installation.value());
    options.subnet = "10." + std::to_string(160 + number % 64) + "." + std::to_string(number / 64 % 256) + ".0/24";
    return std::make_unique<docker::DockerRuntime>(options, installation, Log::silent());
  }
  void remove_shared(const InstallationId& installation) override {
    runtime(installation)->discard({"network", "slipway_" + installation.value(), {}});
  }
  std::string image() const override { return image_->name(); }
  std::vector<std::string> app() const override { return {"/app", "8080"}; }
  bool limits_pids() const override { return true; }
  std::shared_ptr<void> hold(Port port) override { return listen_on(port); }

 private:
  std::shared_ptr<TestImage> image_;
};

// Shared by the tests of this process that run at one time, and made again by the next one.
std::unique_ptr<RuntimeWorld> docker_world(std::string& reason) {
  try {
    docker::DockerRuntime(docker_options(), InstallationId("check0"), Log::silent()).check();
  } catch (const Error& e) {
    reason = std::string("no Docker Engine can be reached (set DOCKER_HOST): ") + e.what();
    return nullptr;
  }
  return std::make_unique<DockerWorld>(std::make_shared<TestImage>());
}

const RuntimeFactory factories[] = {
    {"fake", [](std::string&) { return std::make_unique<FakeWorld>(); }},
    {"process", [](std::string&) { return std::make_unique<ProcessWorld>(); }},
    {"docker", docker_world},
};

const auto name_of = [](const auto& param) { return param.param.name; };
INSTANTIATE_TEST_SUITE_P(Runtimes, RuntimeContract, testing::ValuesIn(factories), name_of);
INSTANTIATE_TEST_SUITE_P(Runtimes, RuntimeProgramContract, testing::Values(factories[1], factories[2]), name_of);

}  // namespace
}  // namespace slipway::test

// The supervisor of a process is this program anew.
int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "supervise") return slipway::process::supervise({words.begin() + 1, words.end()});
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
