#pragma once
#include <filesystem>

#include "base/clock.hpp"
#include "os/descriptor.hpp"

// Locks between processes and between threads: each opens the file for itself. A lock ends with the last copy of its
// descriptor, however its process ends.
namespace slipway::os {

// Locks an open file or directory; false where another still holds it at the end of `timeout`.
bool lock_within(const Descriptor& file, Millis timeout);

// Opens a private file, made where it is missing, and locks it; none where another still holds it at the end of
// `timeout`. Throws Error(unavailable).
Descriptor lock_file(const std::filesystem::path& path, Millis timeout);

}  // namespace slipway::os
