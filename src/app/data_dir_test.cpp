#include "app/data_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/error.hpp"

namespace slipway {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DataDirTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-data-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  template <class F>
  std::string failure(ErrorKind kind, F&& f) {
    try {
      f();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.message();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
  }
  std::filesystem::path folder_;
  SystemRandom random_;
};

TEST_F(DataDirTest, IsHeldByOneAtATimeWhoIsNamed) {
  {
    DataDir first(folder_ / "data");
    first.lock();
    DataDir second(folder_ / "data");
    EXPECT_THAT(failure(ErrorKind::conflict, [&] { second.lock(); }),
                HasSubstr("another Slipway (process " + std::to_string(getpid()) + ")"));
  }
  DataDir next(folder_ / "data");
  next.lock();
}

TEST_F(DataDirTest, ItsKeyIsMadeOncePrivatelyAndNeverBesideALedger) {
  DataDir data(folder_);
  const Secret key = data.master_key(random_);
  EXPECT_EQ(data.master_key(random_).reveal(), key.reveal());
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "master.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  std::ofstream(data.ledger()) << "a ledger";
  std::filesystem::remove(folder_ / "master.key");
  EXPECT_THAT(failure(ErrorKind::not_found, [&] { data.master_key(random_); }), HasSubstr("restore the key"));
}

TEST_F(DataDirTest, ProcessesAreInUseWhileTenantsAreThereAndDockerForGood) {
  const DataDir data(folder_);
  EXPECT_EQ(data.runtime_in_use(), "");
  std::ofstream(folder_ / "runtime") << "process\n";  // what an older Slipway wrote for good
  EXPECT_EQ(data.runtime_in_use(), "");
  std::filesystem::create_directories(data.processes());
  EXPECT_EQ(data.runtime_in_use(), "");
  std::filesystem::create_directory(data.processes() / "sw_1_t_1");
  EXPECT_EQ(data.runtime_in_use(), "process");
  std::filesystem::remove(data.processes() / "sw_1_t_1");
  EXPECT_EQ(data.runtime_in_use(), "");
  data.remember_docker();
  std::filesystem::create_directory(data.processes() / "sw_1_t_1");
  EXPECT_EQ(DataDir(folder_).runtime_in_use(), "docker");
}

TEST_F(DataDirTest, WhatFailsSaysWhereAndWhatToDo) {
  const DataDir data(folder_ / "missing");
  EXPECT_THAT(failure(ErrorKind::unavailable, [&] { data.remember_docker(); }),
              AllOf(HasSubstr((folder_ / "missing").string()), HasSubstr("check `data_dir`")));
}

}  // namespace
}  // namespace slipway
