"""The page that the test shares with the server it kills; crash_points.cpp knows the same layout."""

import mmap
import pathlib
import struct

IDLE, RECORDING, ARMED, KILLED = range(4)
HEAD, TARGET_BYTES, SIZE = 16, 240, 64 * 1024


class Points:
    def __init__(self, library, directory):
        self.library = pathlib.Path(library)
        self.file = pathlib.Path(directory) / "crash.control"
        self.file.write_bytes(bytes(SIZE))
        with open(self.file, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), SIZE)

    def environment(self, outbox):
        return {"LD_PRELOAD": str(self.library), "SLIPWAY_CRASH_CONTROL": str(self.file), "SLIPWAY_CRASH_OUTBOX": str(outbox)}

    def _set(self, mode, target="", nth=0):
        assert len(target) < TARGET_BYTES
        self.page[:4] = struct.pack("I", IDLE)
        self.page[4:HEAD] = struct.pack("III", nth, 0, 0)
        self.page[HEAD:HEAD + TARGET_BYTES] = target.encode().ljust(TARGET_BYTES, b"\0")
        self.page[:4] = struct.pack("I", mode)

    def record(self):
        self._set(RECORDING)

    def arm(self, target, nth):
        """Kill when the point `target` is passed for the nth time from now, counted from 1."""
        self._set(ARMED, target, nth)

    def disarm(self):
        self.page[:4] = struct.pack("I", IDLE)

    def killed(self):
        return struct.unpack("I", self.page[:4])[0] == KILLED

    def noted(self):
        """The names of the points passed since record() or arm(), in order."""
        used = struct.unpack("I", self.page[12:HEAD])[0]
        start = HEAD + TARGET_BYTES
        return self.page[start:start + used].decode().splitlines()
