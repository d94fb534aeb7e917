#include "app/start_up_memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace slipway {
namespace {

// A mapping as /proc/self/smaps (proc(5)) tells of it: a line with its place, then lines with its pages.
struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  unsigned long inode = 0;
  char access[5] = "";

  // Only what can never have been written to may be dropped: the file has it, and it is read again when it is needed.
  bool is_read_only_file() const { return inode != 0 && access[0] == 'r' && access[1] == '-'; }
};

}  // namespace

void release_start_up_memory() {
  malloc_trim(0);
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  unsigned long own_kb = 0;
  for (std::string line; std::getline(smaps, line);) {
    Mapping next;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %*x %*s %lu", &next.begin, &next.end, next.access, &next.inode) == 4) {
      mapping = next;
    } else if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &own_kb) == 1 && own_kb == 0 &&
               mapping.is_read_only_file()) {
      // Where it has pages of its own, those hold relocated data, which exists nowhere else.
      madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
    }
  }
}

}  // namespace slipway
