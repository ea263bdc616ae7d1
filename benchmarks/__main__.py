"""`make bench`: every benchmark in a process of its own, so that none warms up another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NO_BENCHMARKS = ("__init__", "__main__", "desk", "open_orders", "report")


def main() -> int:
    """The number of benchmarks that missed a bar."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    chosen = sys.argv[1:] or [name for name in names if name not in NO_BENCHMARKS]
    missed = [name for name in chosen if _run(name) != 0]
    print(
        f"\n{len(chosen)} benchmarks, " + (f"missed: {', '.join(missed)}" if missed else "all met")
    )
    return len(missed)


def _run(name: str) -> int:
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
