#include "tests/sim/process.hpp"

#include "base/error.hpp"

namespace slipway::sim {
namespace {

// The real pump looks every second. Here it looks as often only while somebody works, else when something falls due.
constexpr Millis idle_pump{9'000};

}  // namespace

Process::Process(Scene& scene, const Settings& settings, std::string owner, bool alone, unsigned workers)
    : scene_(scene),
      link_(scene, *this, std::move(owner)),
      random_(scene.stage.chance.next()),
      world_{store_,
             runtime_,
             database_,
             mailer_,
             probe_,
             scene.stage.clock,
             random_,
             nullptr,
             &runtime_,
             nullptr,
             [&scene](const auto& tasks) { scene.stage.together(tasks); }},
      engine_(world_, settings, link_.owner(), nullptr, Log::silent()),
      tenants_(world_, settings, [this](const TenantId& id) { engine_.wake(id); }),
      workers_(workers),
      pump_at_(scene.stage.clock.now()),
      sweep_at_(pump_at_) {
  scene.stage.note("a process starts", link_.owner());
  if (alone) store_.break_leases();
}

std::size_t Process::ready(TimePoint now) {
  possible_.clear();
  if (dead || frozen_until > now || stopped_) return 0;
  if (stopping_) {
    if (actors == 0 && !leaving_) possible_.push_back(Work::goodbye);
    return possible_.size();
  }
  const auto due = engine_.next_work();
  if (due && *due <= now && working_ < workers_) possible_.push_back(Work::worker);
  if (!pumping_ && pump_at_ <= now) possible_.push_back(Work::pump);
  if (!sweeping_ && sweep_at_ <= now) possible_.push_back(Work::sweep);
  return possible_.size();
}

TimePoint Process::next(TimePoint now) {
  if (dead || stopped_) return TimePoint::max();
  TimePoint at = TimePoint::max();
  if (!stopping_) {
    if (const auto due = engine_.next_work(); due && working_ < workers_) at = std::min(at, *due);
    if (!sweeping_) at = std::min(at, sweep_at_);
    if (!pumping_) {
      TimePoint pump = pump_at_ + idle_pump;
      if (const auto due = scene_.fakes.store->next_due()) pump = std::min(pump, std::max(pump_at_, *due));
      at = std::min(at, actors > 0 ? pump_at_ : pump);
    }
  }
  return std::max({at, frozen_until, now});
}

void Process::begin(std::size_t which) {
  switch (possible_[which]) {
    case Work::worker:
      ++working_;
      scene_.stage.enter(Part::worker, this, [this] {
        engine_.work_once();
        --working_;
      });
      return;
    case Work::pump:
      pumping_ = true;
      scene_.stage.enter(Part::pump, this, [this] {
        const Millis wait = engine_.pump_once();
        pump_at_ = scene_.stage.clock.now() + wait;
        pumping_ = false;
      });
      return;
    case Work::sweep:
      sweeping_ = true;
      scene_.stage.enter(Part::sweep, this, [this] {
        const TimePoint began = scene_.stage.clock.now();
        bool whole = true;
        try {
          engine_.sweeper().sweep(false);
        } catch (const Error&) {
          whole = false;  // as the engine does it: the next sweep sees it again
        }
        scene_.judge.swept(link_.owner(), began, whole);
        sweep_at_ = scene_.stage.clock.now() + scene_.settings.sweep_interval;
        sweeping_ = false;
      });
      return;
    case Work::goodbye:
      leaving_ = true;
      scene_.stage.enter(Part::other, this, [this] {
        engine_.stop();
        stopped_ = true;
      });
      return;
  }
}

void Process::hears_of(const TenantId& id) {
  if (!dead && !stopping_) engine_.wake(id);
}

}  // namespace slipway::sim
