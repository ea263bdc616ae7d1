"""Whether this process is about to end: finish what is in hand, begin nothing new."""

from __future__ import annotations

import threading

_asked = threading.Event()


def stop_soon(**kwargs: object) -> None:
    """Called by whoever was told to stop, with whatever its signal says."""
    _asked.set()


def is_stopping() -> bool:
    return _asked.is_set()
