#include "app/data_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view doing, const fs::path& path) {
  throw Error(ErrorKind::unavailable,
              fmt::format("{} {}: {}; check `data_dir` and its owner", doing, path.string(), std::strerror(errno)));
}

std::string read_small_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return trimmed(std::string(std::istreambuf_iterator<char>(in), {}));
}

// Whole or not at all, and on disk when it returns.
void write_private_file(const fs::path& path, const std::string& content) {
  const fs::path temporary = path.string() + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail("create", temporary);
  const bool written =
      write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && fsync(fd) == 0;
  close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) fail("write", path);
  const int directory = open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) fail("open", path.parent_path());
  fsync(directory);
  close(directory);
}

}  // namespace

void DataDir::make() const {
  std::error_code error;
  const bool made = fs::create_directories(path_, error);
  if (error) {
    throw Error(ErrorKind::unavailable,
                fmt::format("create data directory {}: {}; check `data_dir` and its parent's owner", path_.string(),
                            error.message()));
  }
  // Postgres, which runs as another user, must pass through to its own directory below.
  if (made && chmod(path_.c_str(), 0711) != 0) fail("protect", path_);
}

DataDir::~DataDir() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

void DataDir::lock() {
  make();
  const fs::path file = path_ / "slipway.lock";
  lock_fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) fail("open", file);
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_small_file(file);
    close(lock_fd_);
    lock_fd_ = -1;
    throw Error(ErrorKind::conflict,
                fmt::format("another Slipway (process {}) works on {}; stop it first, or give this one a `data_dir` of "
                            "its own",
                            holder, path_.string()));
  }
  const std::string me = fmt::format("{}\n", getpid());
  if (ftruncate(lock_fd_, 0) != 0 || pwrite(lock_fd_, me.data(), me.size(), 0) < 0) fail("write", file);
}

Secret DataDir::master_key(Random& random) const {
  const fs::path file = path_ / "master.key";
  if (fs::exists(file)) {
    Secret key(read_small_file(file));
    if (key.reveal().size() < 32) {
      throw Error(ErrorKind::invalid, fmt::format("{} is damaged: restore it from a backup", file.string()));
    }
    return key;
  }
  if (fs::exists(ledger())) {
    throw Error(ErrorKind::not_found,
                fmt::format("{} is missing, but there is a ledger beside it: restore the key from a backup; without it "
                            "no tenant could reach its database",
                            file.string()));
  }
  Secret key = new_key(random);
  write_private_file(file, key.reveal() + "\n");
  return key;
}

std::string DataDir::runtime_choice() const {
  const fs::path file = path_ / "runtime";
  return fs::exists(file) ? read_small_file(file) : std::string();
}

void DataDir::remember_runtime(const std::string& choice) const {
  write_private_file(path_ / "runtime", choice + "\n");
}

}  // namespace slipway
