#pragma once
#include <sys/types.h>

#include <cerrno>
#include <filesystem>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "os/descriptor.hpp"

// Files that survive a crash at any time. What fails throws Error(unavailable), with the path and the system's reason.
namespace slipway::os {

[[noreturn]] void fail(std::string_view doing, const std::filesystem::path& path, int code = errno);

// Runs `f`; an Error that leaves it gets advice put behind: "write /srv/x: Permission denied; check its owner".
template <class F>
void with_advice(std::string_view advice, F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const Error& error) {
    throw Error(error.kind(), error.message() + "; " + std::string(advice));
  }
}

// What is left to read. Where reading breaks off (a process whose file it is has ended; it is a folder) the stream is
// bad and the text ends there: an iterator over the stream would throw instead.
std::string rest_of(std::istream& in);

// The whole of a file, or nothing where there is none.
std::optional<std::string> read_file(const std::filesystem::path& path);

void write_all(const Descriptor& file, std::string_view content, const std::filesystem::path& path);

// Puts on disk which names the directory has.
void sync_directory(const std::filesystem::path& directory);

// Whether the path still names this open file: others may have removed or replaced it since.
bool is_at(const Descriptor& file, const std::filesystem::path& path);

// A private file (mode 0600) that is being written beside its target. It goes away with this object unless it became
// the target, so that nobody ever sees a half of it.
class Draft {
 public:
  // `only_writer`: nobody else writes this target at the same time. The draft's name then follows from the target's,
  // and what a killed process left of it is replaced.
  enum class Name { unique, only_writer };
  Draft(const std::filesystem::path& target, Name name);
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  const Descriptor& file() const { return file_; }
  // Replaces the target; all of it is on disk on return.
  void publish();

 private:
  std::filesystem::path target_;
  std::string path_;
  Descriptor file_;
};

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Replaces a file as a whole or not at all, with mode 0600, on disk on return. For one writer at a time.
void replace_private_file(const std::filesystem::path& path, std::string_view content, std::optional<Owner> owner = {});

}  // namespace slipway::os
