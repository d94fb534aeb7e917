#pragma once

// The soft limit of open files, which counts connections too. Stock systems set it to 1,024 for programs that use
// select(), and let others raise it up to the hard one.
namespace slipway::os {

// Raises ours to the hard limit. Called once, before there are threads.
void raise_open_files();

// Back to what it was, in a child before its exec: it may be a program that uses select(). Async-signal-safe.
void give_back_open_files();

}  // namespace slipway::os
