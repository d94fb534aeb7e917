#include "app/start_up_memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace slipway {
namespace {

// One line of /proc/self/maps (proc(5)).
struct Mapping {
  std::uintptr_t begin = 0, end = 0, offset = 0;
  unsigned long inode = 0;
  char access[5] = "";

  // Only what can never have been written to may be dropped: code, and a file's first read-only part (headers,
  // symbols). Other read-only parts may hold relocated data, which exists nowhere else.
  bool is_clean() const {
    const std::string kind(access);
    return inode != 0 && (kind == "r-xp" || (kind == "r--p" && offset == 0));
  }
};

}  // namespace

void release_start_up_memory() {
  malloc_trim(0);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Mapping m;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %lu", &m.begin, &m.end, m.access, &m.offset, &m.inode) != 5)
      continue;
    if (m.is_clean()) madvise(reinterpret_cast<void*>(m.begin), m.end - m.begin, MADV_DONTNEED);
  }
}

}  // namespace slipway
