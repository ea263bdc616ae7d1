"""The migrations that some release has run on a desk's database, each with a digest of its file.

One of them never changes: a desk that has run it would not get the change, and a new one would
differ from it for good. What it lacks comes with a new one. Only a squashed migration may come to
stand for more. `python -m tests.upgrade.released_migrations` takes in those of a new release.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).parent / "released_migrations.sha256"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def released() -> dict[str, str]:
    """The digest of each, by its path from the root of the project."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return {path: kept for kept, path in (line.split() for line in lines)}


def changed(root: Path = ROOT) -> list[str]:
    """Those that are not as they were released, or not there any more."""
    return [
        path
        for path, kept in released().items()
        if not (root / path).exists() or digest(root / path) != kept
    ]


def take_in() -> None:
    """Raises ValueError where a released one was changed."""
    if edited := changed():
        raise ValueError(f"Released, and not as they were: {', '.join(edited)}")
    found = sorted(ROOT.glob("*/migrations/0*.py"))
    lines = [
        f"{digest(one)}  {one.relative_to(ROOT)}" for one in found if "squashed" not in one.name
    ]
    LIST.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    take_in()
