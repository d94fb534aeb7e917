#include "drivers/runtime/process/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "os/descriptor.hpp"

namespace slipway::process {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
// How soon a log is looked at again: later and later while the app says nothing.
constexpr Millis shortest_pause{100};
constexpr Millis longest_pause{800};

// A log that is open for reading, or none.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    struct stat info;
    if (fd_ && fstat(fd_.get(), &info) == 0) {
      inode_ = info.st_ino;
      size_ = info.st_size;
    }
  }
  bool found() const { return static_cast<bool>(fd_); }
  bool same_as(const LogFile& other) const { return found() && other.found() && inode_ == other.inode_; }
  off_t size() const { return size_; }  // when it was opened

  // False where its last line goes on in the next file.
  bool ends_a_line() const {
    char last = '\n';
    return size_ == 0 || pread(fd_.get(), &last, 1, size_ - 1) != 1 || last == '\n';
  }

  // Where its last `lines` lines begin; takes those it has off `lines`.
  off_t tail_begin(std::size_t& lines) const {
    std::string block(block_bytes, '\0');
    for (off_t end = size_; end > 0;) {
      const off_t begin = end > static_cast<off_t>(block_bytes) ? end - static_cast<off_t>(block_bytes) : 0;
      const ssize_t got = pread(fd_.get(), block.data(), static_cast<std::size_t>(end - begin), begin);
      if (got <= 0) return end;
      for (off_t at = got - 1; at >= 0; --at) {
        // A line begins behind a line feed that is not the file's last character.
        if (block[static_cast<std::size_t>(at)] != '\n' || begin + at + 1 == size_) continue;
        if (--lines == 0) return begin + at + 1;
      }
      end = begin;
    }
    if (size_ > 0) --lines;
    return 0;
  }

  // Appends what stands from `at` on, at most a block, and moves it; false where nothing does.
  bool append(off_t& at, std::string& out) const {
    if (!found()) return false;
    const std::size_t before = out.size();
    out.resize(before + block_bytes);
    const ssize_t got = pread(fd_.get(), out.data() + before, block_bytes, at);
    out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    at += std::max<ssize_t>(got, 0);
    return got > 0;
  }

 private:
  os::Descriptor fd_;
  ino_t inode_ = 0;
  off_t size_ = 0;
};

class LogReader : public PieceSource {
 public:
  LogReader(const TenantFiles& files, std::size_t tail, bool follow, std::function<bool()> running)
      : files_(files), follow_(follow), running_(std::move(running)), current_(open()), at_(current_->size()) {
    if (tail == 0) return;
    auto old = std::make_unique<LogFile>(files_.old_log());
    at_ = current_->tail_begin(tail);
    const bool before = old->found() && !old->same_as(*current_);
    // The line that goes over the rotation was counted already.
    if (before && at_ == 0 && current_->size() > 0 && !old->ends_a_line()) ++tail;
    if (tail == 0 || !before) return;
    old_at_ = old->tail_begin(tail);
    old_ = std::move(old);
  }

  State pull(std::string& out) override {
    if (old_ && old_->append(old_at_, out)) return State::more;
    old_.reset();
    // Asked before reading: what is written before the end is read after this answer.
    const bool more = follow_ && running_();
    if (current_->append(at_, out)) {
      pause_ = shortest_pause;
      return State::more;
    }
    if (!follow_) return State::ended;
    auto next = open();
    if (next->found() && !next->same_as(*current_)) {
      // Rotated: its rest, and then the new one from the beginning.
      if (current_->append(at_, out)) return State::more;
      current_ = std::move(next);
      at_ = 0;
      return State::more;
    }
    if (!more) return State::ended;
    pause_ = std::min(2 * pause_, longest_pause);
    return State::waiting;
  }
  Millis pause() const override { return pause_; }

 private:
  std::unique_ptr<LogFile> open() const { return std::make_unique<LogFile>(files_.log()); }

  const TenantFiles files_;
  const bool follow_;
  const std::function<bool()> running_;
  std::unique_ptr<LogFile> old_;  // where the tail begins in the rotated file
  off_t old_at_ = 0;
  std::unique_ptr<LogFile> current_;
  off_t at_;
  Millis pause_ = shortest_pause;
};

}  // namespace

std::unique_ptr<PieceSource> read_logs(const TenantFiles& files, std::size_t tail, bool follow,
                                       std::function<bool()> running) {
  return std::make_unique<LogReader>(files, tail, follow, std::move(running));
}

}  // namespace slipway::process
