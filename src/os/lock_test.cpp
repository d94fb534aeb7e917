#include "os/lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/error.hpp"

namespace slipway::os {
namespace {

class OsLock : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-lock-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(OsLock, IsHeldOnceAndLetGoWithItsDescriptor) {
  const auto path = folder_ / "lock";
  {
    const Descriptor held = lock_file(path, Millis(0));
    EXPECT_TRUE(held);
    EXPECT_FALSE(lock_file(path, Millis(20)));
  }
  EXPECT_TRUE(lock_file(path, Millis(0)));
}

TEST_F(OsLock, EndsWithAProcessThatIsKilled) {
  const auto path = folder_ / "lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Descriptor held = lock_file(path, Millis(0));
    (void)::write(ready[1], held ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_FALSE(lock_file(path, Millis(0)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(lock_file(path, Millis(0)));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(OsLock, ADirectoryCanBeLockedToo) {
  const auto open_folder = [&] { return Descriptor(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); };
  const Descriptor one = open_folder(), two = open_folder();
  EXPECT_TRUE(lock_within(one, Millis(0)));
  EXPECT_FALSE(lock_within(two, Millis(0)));
}

TEST_F(OsLock, AFileThatCannotBeMadeIsAnError) { EXPECT_THROW(lock_file(folder_ / "no" / "lock", Millis(0)), Error); }

}  // namespace
}  // namespace slipway::os
