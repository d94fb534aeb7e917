#include "app/assemble.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "base/error.hpp"

namespace slipway {
namespace {

// What a later version may have remembered is not silently taken for one of ours.
TEST(Assemble, RefusesARuntimeThatItDoesNotKnow) {
  std::string folder = (std::filesystem::temp_directory_path() / "slipway-assemble-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(std::filesystem::path(folder) / "runtime") << "podman\n";
  try {
    make_runtime(Config{}, DataDir(folder), InstallationId("test1"), Log::silent());
    ADD_FAILURE() << "it took one";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    EXPECT_NE(e.message().find("podman"), std::string::npos) << e.message();
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace slipway
