#include "tests/sim/fiber.hpp"

#include <cxxabi.h>
#include <sys/mman.h>

#include <cstring>
#include <new>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace slipway::sim {
namespace {

constexpr std::size_t stack_bytes = 256 * 1024;
constexpr std::size_t guard_bytes = 4096;

thread_local Fiber* current = nullptr;

}  // namespace

struct Fiber::Stack {
  Stack() : memory(mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, guard_bytes, PROT_NONE);
  }
  ~Stack() { munmap(memory, stack_bytes); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  char* bottom() const { return static_cast<char*>(memory) + guard_bytes; }
  static constexpr std::size_t size = stack_bytes - guard_bytes;

  void* memory;
};

struct Fiber::StackPool {
  std::vector<std::unique_ptr<Stack>> free;
};

Fiber::StackPool& Fiber::pool() {
  thread_local StackPool pool;
  return pool;
}

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  auto& free = pool().free;
  if (free.empty()) {
    stack_ = std::make_unique<Stack>();
  } else {
    stack_ = std::move(free.back());
    free.pop_back();
  }
  getcontext(&own_);
  own_.uc_stack.ss_sp = stack_->bottom();
  own_.uc_stack.ss_size = Stack::size;
  own_.uc_link = nullptr;
  makecontext(&own_, &Fiber::enter, 0);
#if defined(__SANITIZE_THREAD__)
  tsan_own_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (!ended_) std::terminate();  // what its frames own would never be let go
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(tsan_own_);
#endif
  pool().free.push_back(std::move(stack_));
}

void Fiber::swap_exceptions() {
  void* globals = abi::__cxa_get_globals();
  Exceptions there;
  std::memcpy(&there, globals, sizeof(there));
  std::memcpy(globals, &exceptions_, sizeof(exceptions_));
  exceptions_ = there;
}

bool Fiber::resume() {
  Fiber* const before = std::exchange(current, this);
  swap_exceptions();
  switch_in();
  swap_exceptions();
  current = before;
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  return !ended_;
}

void Fiber::pause() { current->switch_out(false); }

void Fiber::switch_in() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&asan_caller_, stack_->bottom(), Stack::size);
#endif
#if defined(__SANITIZE_THREAD__)
  tsan_caller_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_own_, 0);
#endif
  swapcontext(&caller_, &own_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(asan_caller_, nullptr, nullptr);
#endif
}

void Fiber::switch_out([[maybe_unused]] bool for_ever) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_ever ? nullptr : &asan_own_, caller_bottom_, caller_size_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(tsan_caller_, 0);
#endif
  swapcontext(&own_, &caller_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(asan_own_, &caller_bottom_, &caller_size_);
#endif
}

void Fiber::enter() { current->run(); }

void Fiber::run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &caller_bottom_, &caller_size_);
#endif
  try {
    body_();
  } catch (...) {  // carried to resume()
    thrown_ = std::current_exception();
  }
  body_ = nullptr;
  ended_ = true;
  switch_out(true);
}

}  // namespace slipway::sim
