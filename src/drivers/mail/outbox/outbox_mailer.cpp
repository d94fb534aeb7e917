#include "drivers/mail/outbox/outbox_mailer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
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

// A file under a name of chance that goes away with this object, unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& directory)
      : path_((directory / ".slipway-XXXXXX").string()), file_(::mkostemp(path_.data(), O_CLOEXEC)) {
    if (file_.get() < 0) fail("make a file in", directory, errno);
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(file_.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", path_, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fchmod(file_.get(), 0600) != 0) fail("set the mode of", path_, errno);
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
  struct stat known {};
  if (::lstat(target.c_str(), &known) != 0) {
    if (errno != ENOENT) fail("look for", target, errno);
    TemporaryFile file(directory_);
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
