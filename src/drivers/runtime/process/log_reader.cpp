#include "drivers/runtime/process/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "os/descriptor.hpp"

namespace slipway::process {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr Millis follow_interval{100};

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

  // Hands on what stands from `at` on and moves it; false where the sink has enough.
  bool copy(off_t& at, const RuntimeLogs::Sink& sink) const {
    std::string block(block_bytes, '\0');
    for (ssize_t got; found() && (got = pread(fd_.get(), block.data(), block.size(), at)) > 0; at += got) {
      if (!sink(std::string_view(block.data(), static_cast<std::size_t>(got)))) return false;
    }
    return true;
  }

 private:
  os::Descriptor fd_;
  ino_t inode_ = 0;
  off_t size_ = 0;
};

}  // namespace

void read_logs(const TenantFiles& files, std::size_t tail, bool follow, const RuntimeLogs::Sink& sink,
               const std::function<bool()>& running, std::stop_token stop) {
  auto current = std::make_unique<LogFile>(files.log());
  off_t at = current->size();
  if (tail > 0) {
    const LogFile old(files.old_log());
    at = current->tail_begin(tail);
    const bool before = old.found() && !old.same_as(*current);
    // The line that goes over the rotation was counted already.
    if (before && at == 0 && current->size() > 0 && !old.ends_a_line()) ++tail;
    if (tail > 0 && before) {
      off_t old_at = old.tail_begin(tail);
      if (!old.copy(old_at, sink)) return;
    }
  }
  std::mutex mutex;
  std::condition_variable_any never;
  while (true) {
    // Asked before reading: what is written before the end is read after this answer.
    const bool more = follow && running();
    if (!current->copy(at, sink)) return;
    if (!follow || stop.stop_requested()) return;
    auto next = std::make_unique<LogFile>(files.log());
    if (next->found() && !next->same_as(*current)) {
      // Rotated: its rest, and then the new one from the beginning.
      if (!current->copy(at, sink)) return;
      current = std::move(next);
      at = 0;
      continue;
    }
    if (!more) return;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, follow_interval, [] { return false; });
  }
}

}  // namespace slipway::process
