"""The browser of this machine, as `find_chromium.sh` leaves it."""

from __future__ import annotations

import os
import shutil

_NAMES = ("chromium-headless-shell", "chromium")


def program() -> str:
    """The shell without a window where there is one: it draws the same pages with less work."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin"])
    for name in _NAMES:
        if found := shutil.which(name, path=places):
            return found
    raise FileNotFoundError("No Chromium here: `sh tests/browser/find_chromium.sh` installs one.")
