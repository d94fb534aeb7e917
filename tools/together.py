#!/usr/bin/env python3
"""Runs a command, and ends with it whatever it started, daemons too.

together.py [--gently] COMMAND [ARGUMENT]...

INT, TERM and HUP reach the command and its process group as Ctrl-C would, so that tests take down what they made; with
--gently only the command itself, so that what it runs at the moment ends properly. What is left after some seconds, or at
a second signal, is killed.
"""

import ctypes
import os
import pathlib
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 9.0     # for taking down what tests made
REST_S = 2.0      # for what still runs when the command has ended
KILL_S = 3.0      # for those killed to be gone
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
HEARD = STOPPING | {signal.SIGCHLD}


def start(command):
    """In a session of its own. Its signals are the default ones: a shell's background commands ignore Ctrl-C."""
    child = os.fork()
    if child == 0:
        os.setsid()
        for number in STOPPING | {signal.SIGQUIT}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    return child


def interrupt(child, gently):
    try:
        (os.kill if gently else os.killpg)(child, signal.SIGINT)
    except ProcessLookupError:
        os.kill(child, signal.SIGINT)   # so young that it has no group of its own yet


def descendants():
    """Their ids. What lost its parent is a child of ours (PR_SET_CHILD_SUBREAPER)."""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text(errors="replace").rpartition(") ")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(path.parent.name))
    found, left = [], [os.getpid()]
    while left:
        of_one = children.get(left.pop(), [])
        found += of_one
        left += of_one
    return found


def reap(child):
    """The child's wait status, if it has ended just now; takes away whatever else has ended."""
    ended = None
    try:
        while (pair := os.waitpid(-1, os.WNOHANG))[0]:
            if pair[0] == child:
                ended = pair[1]
    except ChildProcessError:
        pass
    return ended


def kill_descendants(child):
    """Again and again, since one may start another while it is looked for."""
    until = time.monotonic() + KILL_S
    while (left := descendants()) and time.monotonic() < until:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        reap(child)
        signal.sigtimedwait({signal.SIGCHLD}, 0.05)


def main(command, gently):
    for number in HEARD:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = start(command)
    status, stopped_by, until = None, None, float("inf")
    while time.monotonic() < until:
        heard = signal.sigtimedwait(HEARD, 0.2)
        if heard and heard.si_signo in STOPPING:
            if stopped_by:
                break
            stopped_by, until = heard.si_signo, time.monotonic() + GRACE_S
            if status is None:
                interrupt(child, gently)
        ended = reap(child)
        if ended is not None:
            status = ended
            if not stopped_by:   # else its workers may be taking down what they made
                until = min(until, time.monotonic() + REST_S)
        if status is not None and not descendants():
            break
    kill_descendants(child)
    if stopped_by:
        return 128 + stopped_by
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    arguments = sys.argv[1:]
    gently = arguments[:1] == ["--gently"]
    if not arguments[gently:]:
        sys.exit(__doc__)
    sys.exit(main(arguments[gently:], gently))
