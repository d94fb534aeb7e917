#include "drivers/runtime/docker/engine_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The messages are those of Docker 20.10.24 and its registry, word for word, but for a few of later engines.
namespace slipway::docker {
namespace {

using testing::HasSubstr;

TEST(EngineError, pulls_are_judged_by_their_words) {
  const std::pair<const char*, ErrorKind> cases[] = {
      {"Head \"http://127.0.0.1:5000/v2/exp/manifests/1\": no basic auth credentials", ErrorKind::forbidden},
      {"unauthorized: authentication required", ErrorKind::forbidden},
      {"pull access denied for nope, repository does not exist or may require 'docker login': denied: requested access "
       "to the resource is denied",
       ErrorKind::forbidden},
      {"Head \"https://ghcr.io/v2/a/b/manifests/1\": denied", ErrorKind::forbidden},
      {"manifest for shop:7 not found: manifest unknown: manifest unknown", ErrorKind::not_found},
      {"no matching manifest for linux/arm64/v8 in the manifest list entries", ErrorKind::invalid},
      {"invalid reference format: repository name must be lowercase", ErrorKind::invalid},
      {"toomanyrequests: You have reached your pull rate limit.", ErrorKind::limited},
      {"failed to register layer: write /x: no space left on device", ErrorKind::limited},
      {"Get \"http://127.0.0.1:5999/v2/\": dial tcp 127.0.0.1:5999: connect: connection refused",
       ErrorKind::unavailable},
      {"Get \"https://r.example.com/v2/\": dial tcp: lookup r.example.com on 10.0.0.1:53: no such host",
       ErrorKind::unavailable},
      {"Get \"https://r.example.com/v2/\": net/http: request canceled while waiting for connection "
       "(Client.Timeout exceeded while awaiting headers)",
       ErrorKind::unavailable},
      {"Get \"https://r.example.com/v2/\": x509: certificate signed by unknown authority", ErrorKind::unavailable},
      {"Get \"https://r.example.com/v2/\": http: server gave HTTP response to HTTPS client", ErrorKind::unavailable},
      {"received unexpected HTTP status: 503 Service Unavailable", ErrorKind::unavailable},
      {"unexpected EOF", ErrorKind::unavailable},
      {"something new", ErrorKind::internal},
  };
  for (const auto& [message, kind] : cases) {
    const Error error = pull_error(message, "shop:7");
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << message;
    EXPECT_THAT(error.message(), HasSubstr("pull shop:7"));
    EXPECT_THAT(error.message(), HasSubstr(message));
  }
}

TEST(EngineError, taken_ports_are_told_from_other_troubles) {
  for (const char* message :
       {"driver failed programming external connectivity on endpoint x (822e): Error starting userland proxy: listen "
        "tcp4 0.0.0.0:41499: bind: address already in use",
        "driver failed programming external connectivity on endpoint x (36a5): Bind for 0.0.0.0:41499 failed: port is "
        "already allocated",
        "Ports are not available: exposing port TCP 0.0.0.0:80 -> 0.0.0.0:0: listen tcp 0.0.0.0:80: bind: permission "
        "denied",
        "rootlessport listen tcp 0.0.0.0:8080: bind: address already in use"}) {
    EXPECT_TRUE(says_port_taken(message)) << message;
    EXPECT_FALSE(says_bad_command(message)) << message;
  }
  EXPECT_FALSE(says_port_taken("Address already in use by container x on network y"));
  EXPECT_FALSE(says_port_taken("no such image"));
}

TEST(EngineError, bad_commands_are_terminal_whatever_the_status) {
  for (const char* message :
       {"failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
        "process: exec: \\\"nope\\\": executable file not found in $PATH: unknown",
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
        "process: exec: \\\"/bin\\\": permission denied: unknown",
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
        "process: exec: \\\"/nope\\\": stat /nope: no such file or directory: unknown",
        "crun: executable file `nope` not found in $PATH: No such file or directory: OCI runtime attempted to invoke "
        "a command that was not found: executable file not found",
        "No command specified"}) {
    const Error error = engine_error(500, std::string(R"({"message":")") + message + "\"}", "start container x");
    EXPECT_EQ(to_string(error.kind()), "invalid") << message;
    EXPECT_FALSE(error.retryable());
  }
  EXPECT_FALSE(says_bad_command("error while mounting volume '/x': no such file or directory"));
}

TEST(EngineError, bad_commands_of_other_runtimes_are_known_too) {
  for (const char* message :
       {"OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"nope\": stat "
        "nope: "
        "no such file or directory: unknown",
        "oci runtime error: container_linux.go:247: starting container process caused \"exec: \\\"nope\\\": executable "
        "file not found in $PATH\"",
        "runc create failed: unable to start container process: error during container init: exec: \"nope\": "
        "permission denied: unknown",
        "standard_init_linux.go: exec user process caused: exec format error"}) {
    EXPECT_TRUE(says_bad_command(message, "nope")) << message;
  }
  const char* other = "unable to start container process: exec: \"/sbin/docker-init\": no such file or directory";
  EXPECT_FALSE(says_bad_command(other, "/app")) << "the init in front is the host's";
  EXPECT_TRUE(says_bad_command("container process: exec /usr/bin/app: exec format error", "app"));
}

const char* const host_troubles[] = {
    "OCI runtime create failed: runc create failed: unable to start container process: unable to apply cgroup "
    "configuration: mkdir /sys/fs/cgroup/docker/abc: no such file or directory: unknown",
    "OCI runtime create failed: runc create failed: unable to start container process: error during container init: "
    "error mounting \\\"/var/lib/docker/volumes/x/_data\\\" to rootfs at \\\"/data\\\": open: permission denied: "
    "unknown",
    "OCI runtime create failed: runc create failed: unable to start container process: error during container init: "
    "open /proc/1/ns/net: no such file or directory: unknown",
    "OCI runtime create failed: unable to start container process: error during container init: error running hook #0: "
    "exit status 1, stderr: exec: \\\"/app\\\": executable file not found in $PATH: unknown",
    "OCI runtime create failed: unable to start container process: error running prestart hook: fork/exec "
    "/usr/bin/hook: no such file or directory: unknown",
    "failed to create task for container: failed to start shim: exec: \\\"containerd-shim-runc-v2\\\": executable file "
    "not found in $PATH: unknown",
    "failed to create shim task: exec: \\\"runc\\\": executable file not found in $PATH",
    "driver failed programming external connectivity: exec: \\\"docker-proxy\\\": executable file not found in $PATH",
    "OCI runtime create failed: runc create failed: unable to start container process: can't get final child's PID "
    "from pipe: EOF: unknown"};

TEST(EngineError, what_the_host_lacks_is_no_bad_command) {
  for (const char* message : host_troubles) {
    EXPECT_FALSE(says_bad_command(message)) << message;
    EXPECT_TRUE(engine_error(500, std::string(R"({"message":")") + message + "\"}", "start").retryable()) << message;
  }
}

TEST(EngineError, statuses_mean_what_they_say_otherwise) {
  EXPECT_EQ(engine_error(400, R"({"message":"Minimum memory limit allowed is 6MB"})", "x").kind(), ErrorKind::invalid);
  EXPECT_EQ(engine_error(404, R"({"message":"No such container: a"})", "x").kind(), ErrorKind::not_found);
  EXPECT_EQ(engine_error(409, R"({"message":"Conflict."})", "x").kind(), ErrorKind::conflict);
  EXPECT_TRUE(engine_error(500, R"({"message":"some surprise"})", "x").retryable());
  EXPECT_EQ(engine_error(503, "", "x").kind(), ErrorKind::unavailable);
  EXPECT_EQ(
      engine_error(500, R"({"message":"adding interface veth1 to bridge br-1 failed: exchange full"})", "x").kind(),
      ErrorKind::limited);
}

TEST(EngineError, the_message_is_one_line_of_bounded_length) {
  EXPECT_EQ(message_of(R"({"message":"two\nlines"})"), "two lines");
  EXPECT_EQ(message_of(R"({"cause":"podman says","response":500})"), "podman says");
  EXPECT_EQ(message_of("plain text\n"), "plain text");
  EXPECT_EQ(message_of(""), "no reason given");
  EXPECT_LE(message_of(std::string(5000, 'x')).size(), 500u);
  EXPECT_EQ(message_of("a\x1b[2J\x7f\xff"), "a [2J \xEF\xBF\xBD");
  const std::string cut = message_of("x" + std::string(100'000, '\xe1'));
  EXPECT_LE(cut.size(), 500u);
  EXPECT_THAT(engine_error(500, R"({"message":"why"})", "start it").message(), HasSubstr("start it: why"));
}

}  // namespace
}  // namespace slipway::docker
