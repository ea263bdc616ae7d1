"""Run a command that dies with its parent: `parent_death.py PARENT_PID COMMAND…`.

A step between fork and exec of its own, because setting the death signal in `preexec_fn` runs
Python in a forked process that has threads. Elsewhere than on Linux it only runs the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
