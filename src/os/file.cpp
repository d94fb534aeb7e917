#include "os/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "os/signal_safe.hpp"

namespace slipway::os {

namespace fs = std::filesystem;

void fail(std::string_view doing, const fs::path& path, int code) {
  throw Error(ErrorKind::unavailable, fmt::format("{} {}: {}", doing, path.string(), std::strerror(code)));
}

std::string rest_of(std::istream& in) {
  std::string text;
  char piece[4096];
  while (in.read(piece, sizeof piece), in.gcount() > 0) text.append(piece, static_cast<std::size_t>(in.gcount()));
  return text;
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) fail("read", path);
  std::string content = rest_of(file);
  if (file.bad()) fail("read", path);
  return content;
}

void write_all(const Descriptor& file, std::string_view content, const fs::path& path) {
  if (!write_all(file.get(), content.data(), content.size())) fail("write", path);
}

void sync_directory(const fs::path& directory) {
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) fail("open", directory);
  if (::fsync(opened.get()) != 0 && errno != EINVAL) fail("write", directory);  // some file systems cannot be asked
}

bool is_at(const Descriptor& file, const fs::path& path) {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(file.get(), &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

Draft::Draft(const fs::path& target, Name name)
    : target_(target), path_(target.string() + (name == Name::unique ? ".new-XXXXXX" : ".new")) {
  if (name == Name::unique) {
    file_ = Descriptor(::mkostemp(path_.data(), O_CLOEXEC));
  } else {
    ::unlink(path_.c_str());
    file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  if (!file_) fail("write", path_);
}

Draft::~Draft() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void Draft::publish() {
  if (::fsync(file_.get()) != 0) fail("write", path_);
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail("replace", target_);
  path_.clear();
  sync_directory(target_.has_parent_path() ? target_.parent_path() : ".");
}

void replace_private_file(const fs::path& path, std::string_view content, std::optional<Owner> owner) {
  Draft draft(path, Draft::Name::only_writer);
  write_all(draft.file(), content, path);
  if (owner && ::fchown(draft.file().get(), owner->uid, owner->gid) != 0) fail("give away", path);
  draft.publish();
}

}  // namespace slipway::os
