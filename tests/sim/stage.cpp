#include "tests/sim/stage.hpp"

#include <fmt/format.h>

#include <utility>

namespace slipway::sim {

Actor& Stage::enter(Part part, Life* process, std::function<void()> body, Millis delay) {
  auto actor = std::make_unique<Actor>();
  actor->number = ++entered_;
  actor->part = part;
  actor->root = actor.get();
  actor->ready_at = clock.now() + delay;
  move(*actor, process);
  actor->fiber = std::make_unique<Fiber>([self = actor.get(), run = std::move(body)] {
    try {
      if (self->process != nullptr && self->process->dead) return;
      run();
    } catch (const Crashed&) {
      // That was its end.
    }
  });
  actors_.push_back(std::move(actor));
  return *actors_.back();
}

void Stage::move(Actor& actor, Life* process) {
  if (actor.process != nullptr) --actor.process->actors;
  actor.process = process;
  if (process != nullptr) ++process->actors;
}

void Stage::pause(Millis time) {
  Actor& actor = *current_;
  actor.ready_at = clock.now() + time;
  Fiber::pause();
  if (actor.process != nullptr && actor.process->dead && !actor.in_flight) throw Crashed();
}

void Stage::together(const std::vector<std::function<void()>>& tasks) {
  Actor& parent = *current_;
  for (std::size_t i = 1; i < tasks.size(); ++i) {
    Actor& child = enter(parent.part, parent.process, [this, &parent, task = tasks[i]] {
      try {
        task();
      } catch (...) {
        parent.failure = std::current_exception();
      }
    });
    child.parent = &parent;
    child.root = parent.root;
    ++parent.children;
  }
  std::exception_ptr failure;
  try {
    tasks.front()();
  } catch (...) {
    failure = std::current_exception();
  }
  // They use what is on the parent's stack: it waits for them also where its process is dead.
  parent.waiting = true;
  while (parent.children > 0) Fiber::pause();
  parent.waiting = false;
  if (!failure) failure = std::exchange(parent.failure, nullptr);
  if (failure) std::rethrow_exception(failure);
  if (parent.process != nullptr && parent.process->dead) throw Crashed();
}

bool Stage::held_up(const Actor& actor, TimePoint now) {
  if (actor.waiting && actor.children > 0) return true;
  return actor.process != nullptr && !actor.process->dead && actor.process->frozen_until > now;
}

std::size_t Stage::ready() {
  const TimePoint now = clock.now();
  ready_.clear();
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    if (actors_[i]->ready_at <= now && !held_up(*actors_[i], now)) ready_.push_back(i);
  }
  return ready_.size();
}

void Stage::turn() {
  const std::size_t index = chance.pick(ready_);
  current_ = actors_[index].get();
  const bool goes_on = current_->fiber->resume();
  current_ = nullptr;
  if (!goes_on) leave(index);
}

void Stage::leave(std::size_t index) {
  const std::unique_ptr<Actor> actor = std::move(actors_[index]);
  actors_.erase(actors_.begin() + static_cast<std::ptrdiff_t>(index));
  move(*actor, nullptr);
  if (actor->parent != nullptr) --actor->parent->children;
}

std::optional<TimePoint> Stage::next() const {
  std::optional<TimePoint> next;
  for (const auto& actor : actors_) {
    if (actor->waiting && actor->children > 0) continue;
    TimePoint at = actor->ready_at;
    if (actor->process != nullptr && !actor->process->dead) at = std::max(at, actor->process->frozen_until);
    if (!next || at < *next) next = at;
  }
  return next;
}

void Stage::digest(std::string_view text) {
  for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  hash_ = (hash_ ^ 0x1F) * 0x100000001B3ull;
}

void Stage::note(std::string_view what, std::string_view whom, std::string_view how) {
  const auto now = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
  const unsigned who = current_ == nullptr ? 0 : current_->number;
  ++notes_;
  hash_ = (hash_ ^ now ^ (std::uint64_t{who} << 48)) * 0x100000001B3ull;
  digest(what);
  digest(whom);
  digest(how);
  if (trace_ == nullptr) return;
  *trace_ << fmt::format("{:>9.3f} s  #{:<4} {} {} {}\n", static_cast<double>(now % 1'000'000'000) / 1'000, who, what,
                         whom, how);
}

}  // namespace slipway::sim
