#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/docker/engine_client.hpp"

// What tests against a real engine share. The engine is at DOCKER_HOST, or at its usual socket.
namespace slipway::docker {

inline net::Endpoint test_endpoint() {
  const char* url = ::getenv("DOCKER_HOST");
  return {url != nullptr ? url : "unix:///var/run/docker.sock", {}, {}, {}};
}

// One file of a tar archive (POSIX ustar).
inline std::string tar_entry(const std::string& path, const std::string& content, const char* mode = "0000755") {
  std::string head(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { head.replace(at, text.size(), text); };
  char size[12];
  snprintf(size, sizeof size, "%011zo", content.size());
  put(0, path);
  put(100, mode);
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  char check[8];
  snprintf(check, sizeof check, "%06o", sum);
  put(148, check);
  std::string entry = head + content;
  entry.resize((entry.size() + 511) / 512 * 512, '\0');
  return entry;
}

// A TCP port of 10000..19999 on all addresses, held until it goes.
class Listener {
 public:
  Listener() {
    SystemRandom random;
    // Outside the range from which outgoing connections take theirs; many tests choose at once.
    for (int i = 0; i < 100; ++i) {
      if (bind_to(static_cast<std::uint16_t>(10000 + random.next() % 10000))) return;
    }
    throw Error(ErrorKind::unavailable, "no free port in 10000..19999");
  }
  explicit Listener(Port port) {
    if (!bind_to(port.value())) throw Error(ErrorKind::conflict, "the test's port is taken");
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(fd_); }
  Port port() const { return port_; }

 private:
  bool bind_to(std::uint16_t number) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(number);
    port_ = Port(number);
    return ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd_, 8) == 0;
  }
  int fd_ = -1;
  Port port_;
};

inline Port free_port() { return Listener().port(); }

template <class Condition>
bool eventually(Condition condition, Millis timeout = Millis(20'000)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::usleep(10'000);
  }
  return true;
}

// A real engine with an image made FROM scratch, an installation of this test's own, and nothing left of it afterwards.
class RealEngine : public testing::Test {
 protected:
  void SetUp() override {
    const auto skip = [](const std::string& why) { return "NOT TESTED against a real engine: " + why; };
    try {
      engine.version(Millis(5'000));
    } catch (const Error& error) {
      GTEST_SKIP() << skip(error.message());
    }
    if (!std::ifstream("/bin/busybox")) GTEST_SKIP() << skip("/bin/busybox is missing (Debian: busybox-static)");
    import_image("hello\n");
    options.endpoint = test_endpoint();
    // A subnet of the test's own: the engine's pool holds some thirty networks for everybody.
    ASSERT_TRUE(eventually([&] {
      options.subnet = some_subnet();
      runtime = std::make_unique<DockerRuntime>(options, installation, Log::silent());
      try {
        network = runtime->prepare();
        return true;
      } catch (const Error& error) {
        if (error.message().find("verlap") == std::string::npos) throw;
        return false;
      }
    }));
  }

  void TearDown() override {
    if (!runtime) return;
    for (int round = 0; round < 2; ++round) {
      for (const Resource& resource : runtime->resources()) runtime->discard(resource);
    }
    EXPECT_TRUE(runtime->resources().empty());
    runtime->discard({"network", "slipway_" + installation.value(), {}});
    call("DELETE", "/images/" + image + "?force=1");
  }

  // Makes `image`, anew if there is one.
  void import_image(const std::string& text, const std::string& change = "") {
    std::ifstream busybox("/bin/busybox", std::ios::binary);
    const std::string program{std::istreambuf_iterator<char>(busybox), {}};
    const std::string tar = tar_entry("bin/busybox", program) + tar_entry("bin/script", "#!/no/such/shell\n") +
                            tar_entry("etc/text", text, "0000644") + std::string(1024, '\0');
    const std::string repository = "slipway-docker-test-" + installation.value();
    Call import{"POST",
                "/images/create?fromSrc=-&repo=" + repository + "&tag=1" +
                    (change.empty() ? "" : "&changes=" + net::url_encoded(change)),
                tar,
                {{"Content-Type", "application/x-tar"}},
                Millis(60'000)};
    ASSERT_EQ(engine.call(import).status, 200);
    image = repository + ":1";
  }

  net::Response call(const char* method, const std::string& path, const boost::json::object& body = {}) {
    return engine.call({method, path, body.empty() ? "" : boost::json::serialize(body), {}, Millis(60'000)});
  }
  boost::json::object raw(const std::string& name) { return as_object(call("GET", "/containers/" + name + "/json")); }

  std::string some_subnet() {
    const auto number = random.next();
    return "10." + std::to_string(128 + number % 100) + "." + std::to_string(number / 100 % 256) + ".0/24";
  }
  TenantId new_tenant() { return TenantId(new_id("t", SystemClock().now(), random)); }
  std::string name_of(const TenantId& tenant) const { return resource_name(installation, tenant); }
  InstanceSpec spec_of(const TenantId& tenant, std::vector<std::string> command) {
    InstanceSpec spec;
    spec.tenant = tenant;
    spec.slug = Slug("acme");
    spec.image = image;
    spec.command = std::move(command);
    spec.app_port = 8080;
    spec.host_port = free_port();
    spec.plan.memory_bytes = 32ull << 20;
    return spec;
  }
  // Runs a shell's script to its end and returns what it said.
  std::string output_of(InstanceSpec spec) {
    runtime->create(spec, {});
    EXPECT_EQ(runtime->start(spec.tenant, 0), StartResult::started);
    std::string text;
    runtime->logs(spec.tenant, 1000, true, [&](std::string_view piece) { return text.append(piece), true; }, {});
    return text;
  }
  static std::vector<std::string> shell(const std::string& script) { return {"/bin/busybox", "sh", "-c", script}; }

  SystemRandom random;
  InstallationId installation{[this] {
    std::string id;
    for (int i = 0; i < 6; ++i) id += "0123456789abcdefghijklmnopqrstuvwxyz"[random.next() % 36];
    return id;
  }()};
  EngineClient engine{test_endpoint()};
  DockerOptions options;
  std::string image;
  std::unique_ptr<DockerRuntime> runtime;
  HostNetwork network;
};

}  // namespace slipway::docker
