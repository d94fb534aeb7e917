#pragma once
#include <string>
#include <vector>

namespace slipway::deploy {

struct ZipEntry {
  std::string name;
  std::string content;
  bool executable = false;
};

// A zip archive of these files, deflated. The same entries always give the same bytes, so that its hash can name it.
// Throws invalid where a file or the whole would need more than 4 GiB.
std::string zip(const std::vector<ZipEntry>& entries);

}  // namespace slipway::deploy
