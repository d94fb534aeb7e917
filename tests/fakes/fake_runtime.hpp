#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "contracts/runtime.hpp"

namespace slipway::test {

enum class RuntimeCall { prepare, create, start, stop, remove, inspect, instances, resources, discard, check };

// A runtime that works, in memory, and does what a test asks of it. What it runs belongs to a machine that outlives the
// object: `FakeRuntime(other, installation)` is another runtime on the machine of `other`, as after a restart or beside
// another installation. Faults and counters belong to the machine too. Thread-safe.
class FakeRuntime : public Runtime, public RuntimeLimits, public RuntimeEvents {
 public:
  explicit FakeRuntime(InstallationId installation = InstallationId("fake01"));
  FakeRuntime(const FakeRuntime& other, InstallationId installation);
  ~FakeRuntime() override;

  HostNetwork prepare() override;
  std::string pin(const std::string& image, const Progress& progress) override;
  void set_limits(const TenantId& tenant, const Plan& plan) override;
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  void stop(const TenantId& tenant, Millis grace) override;
  void remove(const TenantId& tenant, bool volumes) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;
  void watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
             std::stop_token stop) override;

  // The next `times` calls of this kind throw `error` and do nothing, for `tenant` or for everyone.
  void fail_next(RuntimeCall call, Error error, unsigned times = 1, std::optional<TenantId> tenant = {});
  // The next `times` calls of this kind do their work and then throw unavailable: the reply was lost.
  void lose_reply_next(RuntimeCall call, unsigned times = 1, std::optional<TenantId> tenant = {});
  // Forgets the faults that have not happened yet.
  void clear_faults();

  // A stranger's program takes or frees a host port.
  void take_port(Port port);
  void free_port(Port port);
  // `create` with this image throws not_found, until it exists again.
  void remove_image(const std::string& image);
  void add_image(const std::string& image);
  // The name stands for another image from now on.
  void push_image(const std::string& image);
  // `start` of a command whose first word this is throws invalid.
  void remove_program(const std::string& program);

  // The instance ends by itself, is killed (137), or is gone as if removed by hand; its volumes stay. False where there
  // is none (or, for the first two, where it does not run).
  bool exit(const TenantId& tenant, int code, bool out_of_memory = false);
  bool kill(const TenantId& tenant) { return exit(tenant, 137); }
  bool vanish(const TenantId& tenant);
  // Every start of this tenant's instance from now on ends at once with `code`; nothing: as usual again.
  void exit_on_start(const TenantId& tenant, std::optional<int> code);
  // Every start from now on is only accepted (`starting`), and every stop only heard (`stopping`), until `go_on`; each
  // run is then published at `address` on a port of its own where the instance was made with port 0.
  void take_time(std::string address);
  // What was accepted runs now, and what was told to end has ended. False where neither was so.
  bool go_on(const TenantId& tenant);
  // As `exit`, with the runtime's words that another start would end the same way.
  bool end_hopelessly(const TenantId& tenant, std::string error);
  // What was accepted ends without having run: the machines are full.
  bool end_without_room(const TenantId& tenant);
  // The machine restarts: everything that ran has ended.
  void reboot();
  // A resource with this installation's label that no ledger knows.
  void add_orphan(const Resource& resource);

  // How often an instance was really made or started, over all time; a repeat that changed nothing does not count.
  unsigned creates(const TenantId& tenant) const;
  unsigned starts(const TenantId& tenant) const;
  unsigned calls(RuntimeCall call) const;
  // What the tenant's instance was made from; nothing where there is none.
  std::optional<InstanceSpec> spec(const TenantId& tenant) const;
  // The running instance behind a host port, of any installation of the machine.
  std::optional<TenantId> listener(Port port) const;

 private:
  struct Machine;
  struct Box;
  struct Fault;
  // Counts the call and throws what it was programmed to; true: do the work, then lose the reply.
  bool enter(RuntimeCall call, const TenantId& tenant);
  static void leave(bool lost, RuntimeCall call);
  Box* find(const TenantId& tenant) const;
  Instance view(const Box& box) const;
  void announce(const TenantId& tenant);
  void remove_locked(const TenantId& tenant, bool volumes);

  std::shared_ptr<Machine> machine_;
  InstallationId installation_;
};

}  // namespace slipway::test
