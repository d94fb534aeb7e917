#include "os/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.hpp"

namespace slipway::os {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class OsFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "slipway-os-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) all.push_back(entry.path().filename());
    return all;
  }
  fs::path folder_;
};

TEST_F(OsFiles, AReplacedFileIsPrivateAndLeavesNothingBeside) {
  const fs::path path = folder_ / "key";
  replace_private_file(path, "one");
  fs::permissions(path, fs::perms::all);
  replace_private_file(path, "two");
  EXPECT_EQ(read_file(path), "two");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_THAT(names(), ElementsAre("key"));
}

TEST_F(OsFiles, ALinkInTheDraftsPlaceIsNotFollowed) {
  std::ofstream(folder_ / "precious") << "mine";
  fs::create_symlink(folder_ / "precious", folder_ / "key.new");
  replace_private_file(folder_ / "key", "content");
  EXPECT_EQ(read_file(folder_ / "precious"), "mine");
  EXPECT_EQ(read_file(folder_ / "key"), "content");
  EXPECT_THAT(names(), UnorderedElementsAre("precious", "key"));
}

TEST_F(OsFiles, WhatFailsLeavesTheOldFileAndSaysWhere) {
  fs::create_directories(folder_ / "key" / "full");  // cannot be replaced by a file
  try {
    replace_private_file(folder_ / "key", "content");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(), HasSubstr((folder_ / "key").string()));
  }
  EXPECT_THAT(names(), ElementsAre("key"));
  EXPECT_THROW(replace_private_file(folder_ / "nowhere" / "key", ""), Error);
}

TEST_F(OsFiles, TwoDraftsOfOneTargetDoNotMeet) {
  const fs::path target = folder_ / "copy";
  Draft one(target, Draft::Name::unique), two(target, Draft::Name::unique);
  write_all(one.file(), "one", one.path());
  write_all(two.file(), "two", two.path());
  EXPECT_FALSE(fs::exists(target));
  one.publish();
  EXPECT_EQ(read_file(target), "one");
  two.publish();
  EXPECT_EQ(read_file(target), "two");
  EXPECT_THAT(names(), ElementsAre("copy"));
}

TEST_F(OsFiles, ADraftThatIsGivenUpIsGone) {
  { const Draft draft(folder_ / "copy", Draft::Name::unique); }
  { const Draft draft(folder_ / "copy", Draft::Name::only_writer); }
  EXPECT_THAT(names(), ElementsAre());
}

TEST_F(OsFiles, AMissingFileIsNothingAndAnUnreadableOneAnError) {
  EXPECT_EQ(read_file(folder_ / "missing"), std::nullopt);
  fs::create_symlink(folder_ / "loop", folder_ / "loop");
  EXPECT_THROW(read_file(folder_ / "loop"), Error);
}

TEST_F(OsFiles, AnOpenFileIsKnownUnderItsNameUntilThatIsGivenAway) {
  const fs::path path = folder_ / "file";
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_TRUE(is_at(file, path));
  replace_private_file(path, "another");
  EXPECT_FALSE(is_at(file, path));
  fs::remove(path);
  EXPECT_FALSE(is_at(file, path));
}

TEST(OsDescriptor, ClosesWhatItOwnsOnce) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Descriptor read(ends[0]);
  {
    Descriptor first(ends[1]);
    Descriptor second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: a moved one is empty
    EXPECT_EQ(second.get(), ends[1]);
  }
  char byte;
  EXPECT_EQ(::read(read.get(), &byte, 1), 0) << "the other end is closed";
}

// What is read of a process that has just ended, or of a folder, is an error and no exception of the stream's.
TEST(ReadFile, OfWhatCannotBeReadThrowsAnErrorOfOurs) {
  EXPECT_THROW(read_file("/"), Error);
  std::ifstream folder("/");
  EXPECT_EQ(rest_of(folder), "");
  EXPECT_TRUE(folder.bad());
}

}  // namespace
}  // namespace slipway::os
