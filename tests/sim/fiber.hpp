#pragma once
#include <ucontext.h>

#include <exception>
#include <functional>
#include <memory>

namespace slipway::sim {

// A function with a stack of its own that runs until it pauses: many of them take turns on one thread, in an order that
// somebody else decides. Must have ended before it is destroyed. It belongs to the thread that made it.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs it until it pauses (true) or ends (false). What leaves its body is thrown here.
  bool resume();
  // Called in a fiber: gives the turn back to whoever resumed it.
  static void pause();

 private:
  struct Stack;
  struct StackPool;
  // What the C++ runtime keeps for each thread about exceptions being handled; each fiber has its own.
  struct Exceptions {
    void* caught = nullptr;
    unsigned uncaught = 0;
  };

  static StackPool& pool();
  static void enter();
  void run();
  void switch_in();
  void switch_out(bool for_ever);
  void swap_exceptions();

  std::function<void()> body_;
  std::unique_ptr<Stack> stack_;
  ucontext_t own_{};
  ucontext_t caller_{};
  Exceptions exceptions_;
  std::exception_ptr thrown_;
  bool ended_ = false;

  // For the sanitizers, which must be told of every change of the stack.
  void* asan_own_ = nullptr;
  void* asan_caller_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
  void* tsan_own_ = nullptr;
  void* tsan_caller_ = nullptr;
};

}  // namespace slipway::sim
