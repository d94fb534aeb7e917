#pragma once
#include <cstddef>

// Small things for between fork and exec in a process with many threads, where nothing may touch the heap or a lock.
namespace slipway::os {

// All of it; false, and errno, where that fails.
bool write_all(int fd, const char* data, std::size_t size);

// Every signal to what it does by itself.
void default_signals();

// Closes every descriptor from `first` on.
void close_from(int first);

}  // namespace slipway::os
