#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/piece_source.hpp"
#include "base/secret.hpp"
#include "contracts/resource.hpp"
#include "model/app.hpp"
#include "model/instance.hpp"
#include "model/tenant.hpp"

namespace slipway {

struct EnvVar {
  std::string name;
  Secret value;
};

// All that a runtime needs to know to make a tenant's instance.
struct InstanceSpec {
  TenantId tenant;
  Slug slug;
  std::string image;        // as `pin` answered
  std::string image_name;   // as it is configured, which may stand for another image by now; empty: `image`
  std::string fingerprint;  // of all that the instance is made from: one that was made from something else is replaced
  std::vector<std::string> command;  // empty: the image's own
  std::vector<EnvVar> env;
  std::uint16_t app_port = 0;  // inside
  Port host_port;              // outside; 0 lets the runtime choose
  std::vector<VolumeSpec> volumes;
  bool read_only = false;
  std::vector<std::string> capabilities;
  Plan plan;
};

// Where instances find the machine that they run on, for a database beside them.
struct HostNetwork {
  std::string host_address;  // as an instance reaches the host: "172.30.0.1"; "127.0.0.1" for processes
  std::string subnet;        // from which instances come: "172.30.0.0/16"
};

enum class StartResult { started, port_taken };

// Told what a slow image pull is doing, in words fit for a timeline; called a few times a second at most.
using Progress = std::function<void(const std::string& message)>;

// Runs one instance for each tenant, in containers or otherwise. Every call is idempotent, blocks with a deadline and
// touches only what bears this installation's label. Errors: invalid/not_found (a bad image or command: terminal),
// unavailable (the engine does not answer), limited (it is full).
class Runtime {
 public:
  virtual ~Runtime() = default;

  // Makes what all instances share (a network); cheap when it is there.
  virtual HostNetwork prepare() = 0;

  // A worker has just taken the tenant's lease and is about to look: what this process remembers of its instance may be
  // of before another worker had it.
  virtual void begin(const TenantId&) {}

  // The image that this name stands for now, as `create` takes no other for it ("shop@sha256:…"); pulls it if it is
  // missing. A runtime that cannot tell returns the name. Throws as `create` does.
  virtual std::string pin(const std::string& image, const Progress&) { return image; }

  // Whether `pin` or `create` would have to pull this image first, as far as is known: that can take minutes.
  virtual bool must_pull(const std::string&) { return false; }

  // Makes the instance and its volumes, pulling the image if it is missing; does not start it. One that is there
  // already and is ours is success; one with another fingerprint or host port is replaced, and its volumes are kept.
  virtual Instance create(const InstanceSpec& spec, const Progress& progress) = 0;

  // `port_taken`: the host port belongs to somebody else's program. Running or starting already is success. `boot`
  // names this start among the tenant's: a runtime that could start one twice uses it to tell a repeat from another.
  virtual StartResult start(const TenantId& tenant, std::uint32_t boot) = 0;

  // Asks it to end and returns; it may be `stopping` for a while. It is killed after `grace`, at the latest by the next
  // `inspect`. Not running, or not there, is success.
  virtual void stop(const TenantId& tenant, Millis grace) = 0;

  // Takes away the instance and, with `volumes`, its data. Not there is success.
  virtual void remove(const TenantId& tenant, bool volumes) = 0;

  virtual std::optional<Instance> inspect(const TenantId& tenant) = 0;

  // Everything in the world with this installation's label, for the sweep.
  virtual std::vector<Instance> instances() = 0;
  virtual std::vector<Resource> resources() = 0;
  virtual void discard(const Resource& resource) = 0;

  // Throws an Error that says what is wrong and what to do, for `doctor` and readiness; returns e.g. "Docker 20.10.24".
  virtual std::string check() = 0;
};

// Optional abilities of a runtime; found by dynamic_cast in app/assemble, nowhere else.

// The instance's own output.
class RuntimeLogs {
 public:
  virtual ~RuntimeLogs() = default;
  // The last `tail` lines, then, with `follow`, what comes until the instance ends. Opening may wait for the engine,
  // with a deadline and not longer than until `stop`; reading does not wait for the app.
  virtual std::unique_ptr<PieceSource> open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                                 std::stop_token stop) = 0;

  // Reads them on the calling thread, until their end, the sink has enough or `stop`.
  using Sink = std::function<bool(std::string_view chunk)>;  // false: enough
  void logs(const TenantId& tenant, std::size_t tail, bool follow, const Sink& sink, std::stop_token stop);
};

struct InstanceStats {
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit_bytes = 0;
  double cpu_seconds = 0;
  std::uint32_t pids = 0;
};

class RuntimeStats {
 public:
  virtual ~RuntimeStats() = default;
  virtual std::optional<InstanceStats> stats(const TenantId& tenant) = 0;
};

// Changes what an instance may use, without another start. Of `plan` memory, processors and processes count. Works
// whether it runs or not; not there is success. Memory below what it uses now may end it.
class RuntimeLimits {
 public:
  virtual ~RuntimeLimits() = default;
  virtual void set_limits(const TenantId& tenant, const Plan& plan) = 0;
};

// Tells of instances that ended or vanished, as a hint: the sweep finds what an event did not tell.
class RuntimeEvents {
 public:
  virtual ~RuntimeEvents() = default;
  // Blocks, calling `changed`, until `stop`; reconnects by itself. After each (re)connection `missed` is called once,
  // since events may have been lost before it.
  virtual void watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                     std::stop_token stop) = 0;
};

}  // namespace slipway
