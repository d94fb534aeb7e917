#include "drivers/mail/outbox/outbox_mailer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "drivers/mail/rfc5322/compose.hpp"
#include "os/file.hpp"
#include "os/lock.hpp"

namespace slipway::mail {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t name_limit_bytes = 200;  // NAME_MAX is 255, and the temporary name is longer

constexpr Millis lock_timeout{10'000};  // another process writes the same mail

// Errors of the file system, as this driver tells them.
template <class F>
void on_disk(F&& f) {
  with_context("outbox", [&] {
    os::with_advice("see to it that the disk has room and that the directory is writable", std::forward<F>(f));
  });
}

// A mail that is being written. Its name follows from its key, so that the next try of the same mail goes on with what
// a killed process left behind; the lock, which ends with a process, keeps others from the same mail. It goes away with
// this object, unless it was renamed.
class UnfinishedMail {
 public:
  explicit UnfinishedMail(const fs::path& target)
      : path_(target.parent_path() / ("." + target.filename().string() + ".unfinished")),
        file_(os::lock_file(path_, lock_timeout)) {
    if (!file_) os::fail("lock", path_, EWOULDBLOCK);
  }
  ~UnfinishedMail() {
    if (is_still_there()) ::unlink(path_.c_str());
  }
  UnfinishedMail(const UnfinishedMail&) = delete;
  UnfinishedMail& operator=(const UnfinishedMail&) = delete;

  // False where whoever had the lock before has finished this very file meanwhile.
  bool is_still_there() const { return os::is_at(file_, path_); }

  void become(const fs::path& target, std::string_view content) const {
    if (::ftruncate(file_.get(), 0) != 0) os::fail("empty", path_);
    os::write_all(file_, content, path_);
    if (::fsync(file_.get()) != 0) os::fail("write", path_);
    if (::rename(path_.c_str(), target.c_str()) != 0) os::fail("write", target);
  }

 private:
  fs::path path_;
  os::Descriptor file_;
};

bool is_there(const fs::path& path) {
  struct stat known {};
  if (::lstat(path.c_str(), &known) == 0) return true;
  if (errno != ENOENT) os::fail("look for", path);
  return false;
}

// Mails name customers and may hold what only they are to know: the directory is the owner's alone.
void make_directory(const fs::path& directory) {
  std::error_code code;
  if (!fs::create_directories(directory, code)) {
    if (code) os::fail("make the directory", directory, code.value());
    if (!fs::is_directory(directory, code)) os::fail("use the directory", directory, ENOTDIR);
    return;
  }
  if (::chmod(directory.c_str(), 0700) != 0) os::fail("set the mode of", directory);
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
  const fs::path target = directory_ / outbox_file_name(key);
  on_disk([&] {
    make_directory(directory_);
    while (!is_there(target)) {
      const UnfinishedMail file(target);
      if (!file.is_still_there() || is_there(target)) continue;
      file.become(target, compose(message, key, clock_.now()));
    }
    // Also for a file that was there: the one who wrote it may have been killed before this.
    os::sync_directory(directory_);
  });
  return target.string();
}

std::string OutboxMailer::check() {
  on_disk([&] {
    make_directory(directory_);
    if (::access(directory_.c_str(), W_OK | X_OK) != 0) os::fail("write to", directory_);
  });
  return "outbox " + directory_.string();
}

}  // namespace slipway::mail
