#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/fake_runtime.hpp"

// What the two halves of FakeRuntime (the contract, and what tests do to it) share.
namespace slipway::test {

struct FakeRuntime::Fault {
  RuntimeCall call;
  std::optional<TenantId> tenant;
  unsigned times = 1;
  std::optional<Error> error;  // nothing: do the work and lose the reply
};

struct FakeRuntime::Box {
  InstanceSpec spec;
  std::string id;
  Port host_port;
  InstanceState state = InstanceState::created;
  int exit_code = 0;
  bool out_of_memory = false;
  bool hopeless = false;
  bool no_room = false;
  std::string error;
  std::string address;
};

struct FakeRuntime::Machine {
  using Key = std::pair<InstallationId, TenantId>;

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::map<Key, Box> boxes;
  std::map<Key, std::set<std::string>> volumes;
  std::map<InstallationId, std::vector<Resource>> orphans;
  std::vector<Fault> faults;
  std::set<Port> taken;
  std::set<std::string> missing_images;
  std::map<std::string, unsigned> pushed_images;  // how often since the beginning
  std::set<std::string> missing_programs;
  std::map<Key, int> exit_on_start;
  std::map<TenantId, unsigned> creates;
  std::map<TenantId, unsigned> starts;
  std::map<RuntimeCall, unsigned> calls;
  // Every change there ever was; a watcher remembers how far it has read.
  std::vector<Key> history;
  bool takes_time = false;
  std::string address;
  unsigned made = 0;
  std::uint16_t next_port = 49'152;
};

}  // namespace slipway::test
