#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "contracts/runtime.hpp"

namespace slipway {

// What tenants stand on: the network of their instances and the private Postgres, which listens there. Slipway runs
// without either, since sign-ups and status need the ledger only; a thread keeps trying until both are there, and
// brings the server back when it has died. Safe from any thread.
class Foundation {
 public:
  // `start_server` is called every few seconds, also while the server runs; empty where there is no private one.
  using StartServer = std::function<void(const HostNetwork&)>;
  Foundation(Runtime& runtime, StartServer start_server, Log log);
  ~Foundation();

  // Returns when the first try is over, or after 10 s.
  void start();

  // How instances reach this machine; empty until their network is there.
  std::string host_address() const;

  // Throw unavailable, with the last try's error, where it is not there.
  void require_network() const;
  void require_server() const;

 private:
  struct Part {
    std::string name;
    std::string error;  // of the last try; empty where it succeeded
  };
  void keep(std::stop_token stop);
  bool lay();
  bool attempt(Part& part, const std::function<void()>& work);
  void require(const Part& part) const;

  Runtime& runtime_;
  const StartServer start_server_;
  const Log log_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool tried_ = false;
  std::optional<HostNetwork> network_;
  Part network_part_{"the network of the instances", "it was not tried yet"};
  Part server_part_{"the private Postgres", "it waits for the network of the instances"};

  std::jthread thread_;
};

}  // namespace slipway
