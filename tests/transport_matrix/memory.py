"""How much memory this process has held at most; the servers live in another one."""

from __future__ import annotations

import gc
import re
import resource
from pathlib import Path


class Peak:
    """The growth of the peak since it was made, in megabytes.

    Linux forgets an earlier peak when asked. Elsewhere the peak of the whole life is taken, from
    which only a growth beyond everything before can be seen.
    """

    def __init__(self) -> None:
        gc.collect()
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._before = _resident("VmRSS")
            self._is_exact = True
        except OSError:
            self._before = _peak_of_life()
            self._is_exact = False

    @property
    def growth(self) -> float:
        now = _resident("VmHWM") if self._is_exact else _peak_of_life()
        return now - self._before


def _resident(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.findall(rf"^{name}:\s+(\d+) kB", status, re.M)[0]) / 1024


def _peak_of_life() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
