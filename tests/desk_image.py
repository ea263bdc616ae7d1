"""What `docker build` makes of this repository, in a directory: its last stage, without Docker.

Of the Dockerfile its own COPY and RUN lines are taken from WORKDIR on, and of .dockerignore the
patterns that leave parts of a directory out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = re.compile(r"^\*\*/(\S+)$", re.M)
ALONG = re.compile(r"^(COPY|RUN) +(?!--from)(.+)$", re.M)


def build_image(place: Path, environment: dict[str, str]) -> None:
    """Raises CalledProcessError when a step fails."""
    for verb, words in image_steps():
        if verb == "COPY":
            *sources, target = words.split()
            for source in sources:
                _copy(ROOT / source, place / target)
        else:
            subprocess.run(["sh", "-ec", words], cwd=place, env=environment, check=True)


def image_steps() -> list[tuple[str, str]]:
    """("COPY", "core core") and the like, in their order."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    inside = lines.rpartition("\nFROM ")[2].partition("\nWORKDIR ")[2]
    return ALONG.findall(inside)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        left_out = LEFT_OUT.findall((ROOT / ".dockerignore").read_text())
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*left_out))
    else:
        shutil.copy(source, target)
