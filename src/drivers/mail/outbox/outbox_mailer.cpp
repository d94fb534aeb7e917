#include "drivers/mail/outbox/outbox_mailer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "drivers/mail/rfc5322/compose.hpp"

namespace slipway::mail {
namespace {

constexpr std::size_t name_limit_bytes = 200;  // NAME_MAX is 255, and the temporary name is longer

[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path, int code) {
  throw Error(ErrorKind::unavailable,
              fmt::format("outbox: {} {}: {}; see to it that the disk has room and that the directory is writable",
                          doing, path.string(), std::strerror(code)));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

int open_unfinished(const std::filesystem::path& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

// A mail that is being written. Its name follows from its key, so that the next try of the same mail goes on with what
// a killed process left behind; the lock, which ends with a process, keeps others from the same mail. It goes away with
// this object, unless it was renamed.
class UnfinishedMail {
 public:
  explicit UnfinishedMail(const std::filesystem::path& target)
      : path_((target.parent_path() / ("." + target.filename().string() + ".unfinished")).string()),
        file_(open_unfinished(path_)) {
    if (file_.get() < 0) fail("make a file in", target.parent_path(), errno);
    while (::flock(file_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) fail("lock", path_, errno);
    }
  }
  ~UnfinishedMail() {
    if (!path_.empty() && is_still_there()) ::unlink(path_.c_str());
  }
  UnfinishedMail(const UnfinishedMail&) = delete;
  UnfinishedMail& operator=(const UnfinishedMail&) = delete;

  // False where whoever had the lock before has finished this very file meanwhile.
  bool is_still_there() const {
    struct stat mine {};
    struct stat there {};
    return ::fstat(file_.get(), &mine) == 0 && ::lstat(path_.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
           mine.st_dev == there.st_dev;
  }

  void write(std::string_view content) {
    if (::ftruncate(file_.get(), 0) != 0) fail("empty", path_, errno);
    while (!content.empty()) {
      const ssize_t written = ::write(file_.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", path_, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file_.get()) != 0) fail("write", path_, errno);
  }
  void rename_to(const std::filesystem::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) fail("write", target, errno);
    path_.clear();
  }

 private:
  std::string path_;
  File file_;
};

bool is_there(const std::filesystem::path& path) {
  struct stat known {};
  if (::lstat(path.c_str(), &known) == 0) return true;
  if (errno != ENOENT) fail("look for", path, errno);
  return false;
}

void sync_directory(const std::filesystem::path& directory) {
  const File opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) fail("open", directory, errno);
  if (::fsync(opened.get()) != 0) fail("write", directory, errno);
}

// Mails name customers and may hold what only they are to know: the directory is the owner's alone.
void make_directory(const std::filesystem::path& directory) {
  std::error_code code;
  if (!std::filesystem::create_directories(directory, code)) {
    if (code) fail("make the directory", directory, code.value());
    if (!std::filesystem::is_directory(directory, code)) fail("use the directory", directory, ENOTDIR);
    return;
  }
  if (::chmod(directory.c_str(), 0700) != 0) fail("set the mode of", directory, errno);
}

}  // namespace

std::string outbox_file_name(const std::string& key) {
  std::string name = key;
  std::replace(name.begin(), name.end(), '/', '+');
  if (name.starts_with('.')) name = "%2E" + name.substr(1);
  if (name.size() > name_limit_bytes) name = name.substr(0, name_limit_bytes - 65) + "%" + to_hex(sha256(key));
  return name + ".eml";
}

std::string OutboxMailer::send(const Message& message, const std::string& key) {
  require_sendable(message, key);
  make_directory(directory_);
  const std::filesystem::path target = directory_ / outbox_file_name(key);
  while (!is_there(target)) {
    UnfinishedMail file(target);
    if (!file.is_still_there() || is_there(target)) continue;
    file.write(compose(message, key, clock_.now()));
    file.rename_to(target);
  }
  // Also for a file that was there: the one who wrote it may have been killed before this.
  sync_directory(directory_);
  return target.string();
}

std::string OutboxMailer::check() {
  make_directory(directory_);
  if (::access(directory_.c_str(), W_OK | X_OK) != 0) fail("write to", directory_, errno);
  return "outbox " + directory_.string();
}

}  // namespace slipway::mail
