#pragma once

namespace slipway {

// Gives back the memory that only the start needed: free heap, and the pages of program and libraries that the loader
// and the set-up touched. What is used again comes back from the page cache by itself. On a 1 GiB machine it counts:
// it more than halves what an idle Slipway holds (`bench/run` shows how much that is).
void release_start_up_memory();

}  // namespace slipway
