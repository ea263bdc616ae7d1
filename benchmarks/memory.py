"""Memory of the whole of `make run`, as the sum of what each process holds in proportion (PSS).

The desk is started as a newcomer starts it, its pages are opened, and it is left to follow its
sandbox for a while before it is measured.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BARS = {"whole_desk_mb": 350}
SETTLE_SECONDS = 20
OPENED = ("/healthz", "/readyz", "/log-in")


def main() -> dict[str, Any]:
    """Run it; the figures and whether the bar was met. Linux only: it reads /proc."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as data_dir:
        port = _free_port()
        began = time.monotonic()
        desk = _start(data_dir, port)
        try:
            _wait_for_address(desk)
            first_start = round(time.monotonic() - began, 1)
            _open_pages(port)
            time.sleep(SETTLE_SECONDS)
            figures: dict[str, float] = _megabytes_by_process(desk.pid)
        finally:
            desk.terminate()
            desk.wait(60)
    figures = {"whole_desk_mb": round(sum(figures.values()), 1), **figures}
    figures["first_start_s"] = first_start
    met = figures["whole_desk_mb"] <= BARS["whole_desk_mb"]
    return {"name": "memory", "figures": figures, "bars": BARS, "met": met}


def _start(data_dir: str, port: int) -> subprocess.Popen[str]:
    own = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "REDIS_URL", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if name not in own}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT,
        env={**inherited, "DESK_DATA_DIR": data_dir},
        stdout=subprocess.PIPE,
        text=True,
    )


def _wait_for_address(desk: subprocess.Popen[str]) -> None:
    for line in desk.stdout or ():
        if line.startswith("http://"):
            return
    raise RuntimeError("The desk did not start.")


def _open_pages(port: int) -> None:
    for path in OPENED * 20:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as page:
            page.read()


def _megabytes_by_process(root: int) -> dict[str, float]:
    """PSS of the process and all it started, by what they run."""
    found: dict[str, float] = {}
    for pid in _family(root):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        memory = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes = int(re.findall(r"^Pss:\s+(\d+) kB", memory, re.M)[0])
        name = f"{_name_of(words)}_mb"
        found[name] = round(found.get(name, 0) + kilobytes / 1024, 1)
    return found


def _family(root: int) -> list[int]:
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [root, *(pid for child in children for pid in _family(int(child)))]


def _name_of(words: str) -> str:
    names = ("supervisor", "valkey-server", "sandbox", "gunicorn", "celery worker", "celery beat")
    said = words.replace(" -A dashboard.celery", "")
    found = [name for name in names if name in said]
    return found[0].replace(" ", "_").replace("-", "_") if found else "other"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    from benchmarks.report import report

    sys.exit(report(main()))
