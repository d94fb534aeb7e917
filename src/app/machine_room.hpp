#pragma once
#include "engine/boot_admission.hpp"

namespace slipway {

// What this machine has to spare, from /proc: MemAvailable, and how many processors have idled between the last two
// calls that were far enough apart to tell. Where /proc says nothing, there is room.
MachineRoom room_of_this_machine();

}  // namespace slipway
