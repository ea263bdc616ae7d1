"""Room in memory for what tests write, wait for on disk and throw away.

`python -m tests.memory` says where scratch goes, for scripts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
LEAST = 2 * 1024**3  # bytes free: a container often has 64 MB there, which one suite would fill


def scratch_place(memory: Path = MEMORY, *, least: int = LEAST) -> str | None:
    """The directory for `tempfile`. None, its own choice, where memory has not enough room."""
    if not memory.is_dir() or not os.access(memory, os.W_OK | os.X_OK):
        return None
    return str(memory) if shutil.disk_usage(memory).free >= least else None


if __name__ == "__main__":
    print(scratch_place() or tempfile.gettempdir())
