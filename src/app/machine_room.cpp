#include "app/machine_room.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <string>

namespace slipway {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds shortest_sample{200};

std::uint64_t available_memory() {
  std::ifstream in("/proc/meminfo");
  std::string name;
  std::uint64_t kibibytes = 0;
  while (in >> name >> kibibytes) {
    if (name == "MemAvailable:") return kibibytes << 10;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::uint64_t>::max();
}

// Since the machine's start, of all processors together.
double idle_seconds() {
  std::ifstream in("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0;
  in >> cpu >> user >> nice >> system >> idle;
  return idle / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class IdleCores {
 public:
  double operator()() {
    const std::lock_guard lock(mutex_);
    const auto now = Steady::now();
    if (now - at_ >= shortest_sample) {
      const double idle = idle_seconds();
      cores_ = (idle - idle_) / std::chrono::duration<double>(now - at_).count();
      idle_ = idle;
      at_ = now;
    }
    return cores_;
  }

 private:
  std::mutex mutex_;
  Steady::time_point at_ = Steady::now();
  double idle_ = idle_seconds();
  double cores_ = 0;
};

}  // namespace

MachineRoom room_of_this_machine() {
  return {[idle = std::make_shared<IdleCores>()] { return (*idle)(); }, available_memory};
}

}  // namespace slipway
