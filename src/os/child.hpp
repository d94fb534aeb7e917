#pragma once
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

// Running of other programs: no shell, none of our descriptors, ignored signals or locks in them.
namespace slipway::os {

// Whom a program that we start as root becomes.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

struct Command {
  std::vector<std::string> words;  // the program, looked for in PATH where it has no slash, and its arguments
  std::optional<std::vector<std::string>> environment = {};  // each "NAME=value"; ours where there is none
  std::string directory = {};                                // to work in; ours where it is empty
  std::string input = {};                                    // at most 4 KiB
  const Descriptor* standard_input = nullptr;                // in place of `input`
  enum class Errors { in_output, discarded, shown } errors = Errors::in_output;  // what it says on standard error
  const User* user = nullptr;
};

struct Ended {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string output;
};

constexpr std::size_t output_limit_bytes = 64u << 10;

// Runs to the end. Throws Error(invalid) where it cannot be executed, and unavailable, after killing it, at the timeout
// or when its output passes the limit.
Ended run(const Command& command, Millis timeout);

// Starts in a session of its own, with its output appended to the private file `log`; it outlives us and is not our
// child. Throws like `run`.
pid_t start_detached(const Command& command, const std::filesystem::path& log);

}  // namespace slipway::os
