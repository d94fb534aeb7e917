#pragma once
#include <cstddef>
#include <cstdint>

// Small things for between fork and exec in a process with many threads, where nothing may touch the heap or a lock.
namespace slipway::os {

// Text on the stack; what does not fit is cut off.
struct Text {
  char data[512];
  std::size_t size = 0;
  Text& add(const char* text);
  Text& add(std::uint64_t number);
};

// All of it; false, and errno, where that fails.
bool write_all(int fd, const char* data, std::size_t size);

// Every signal to what it does by itself.
void default_signals();

// Closes every descriptor from `first` on.
void close_from(int first);

}  // namespace slipway::os
