#include "engine/side_by_side.hpp"

#include <exception>
#include <system_error>
#include <thread>

namespace slipway {

void in_threads(const std::vector<std::function<void()>>& tasks) {
  std::vector<std::exception_ptr> thrown(tasks.size());
  const auto run = [&](std::size_t i) noexcept {
    try {
      tasks[i]();
    } catch (...) {
      thrown[i] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    others.reserve(tasks.size());
    for (std::size_t i = 1; i < tasks.size(); ++i) {
      try {
        others.emplace_back(run, i);
      } catch (const std::system_error&) {
        run(i);  // the system has no thread to give: one after the other is slower, and nothing else
      }
    }
    if (!tasks.empty()) run(0);
  }
  for (const std::exception_ptr& error : thrown) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace slipway
