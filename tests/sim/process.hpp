#pragma once
#include <optional>
#include <string>

#include "engine/engine.hpp"
#include "engine/tenants.hpp"
#include "tests/sim/edges.hpp"

namespace slipway::sim {

// One run of Slipway: the real Engine, Sweeper and Tenants over edges into the scene. What the engine's threads do is
// done by actors: up to `workers` workers, a pump, a sweep.
class Process : public Life {
 public:
  // `alone`: no other process works on this ledger, so leases that are there belong to the dead.
  Process(Scene& scene, const Settings& settings, std::string owner, bool alone, unsigned workers);
  // Its memory is gone; nothing goes out any more.
  ~Process() { link_.cut(); }

  // How many kinds of work could begin now; and begins one of them.
  std::size_t ready(TimePoint now);
  void begin(std::size_t which);
  // When there will be work, if nothing happens before.
  TimePoint next(TimePoint now);

  // A container's event, if it is not lost.
  void hears_of(const TenantId& id);
  // Takes nothing new on; when everybody has ended, gives back what it holds.
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }
  bool stopped() const { return stopped_; }

  Tenants& tenants() { return tenants_; }
  const std::string& owner() const { return link_.owner(); }

 private:
  enum class Work { worker, pump, sweep, goodbye };

  Scene& scene_;
  Link link_;
  StoreEdge store_{link_};
  RuntimeEdge runtime_{link_};
  DatabaseEdge database_{link_};
  MailerEdge mailer_{link_};
  ProbeEdge probe_{link_};
  SeededRandom random_;
  World world_;
  Engine engine_;
  Tenants tenants_;

  const unsigned workers_;
  unsigned working_ = 0;
  bool pumping_ = false;
  bool sweeping_ = false;
  bool stopping_ = false;
  bool leaving_ = false;
  bool stopped_ = false;
  TimePoint pump_at_;
  TimePoint sweep_at_;
  std::vector<Work> possible_;
};

}  // namespace slipway::sim
