"""The sandbox provider of the demo: its ports and keys, kept in the data directory."""

from __future__ import annotations

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .locks import LOOPBACK, is_free


@dataclass(frozen=True, slots=True)
class SandboxProcess:
    port: int
    control_port: int
    seed: int
    key: str
    control_token: str

    @property
    def url(self) -> str:
        """The origin; the only loopback address the desk may call."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def secrets(self) -> dict[str, str]:
        """As environment: a command line can be read by everybody on the machine."""
        return {"SANDBOX_KEYS": self.key, "SANDBOX_CONTROL_TOKEN": self.control_token}

    def command(self, state_dir: Path, speed: float) -> list[str]:
        """`speed` is how many of its seconds pass in one of ours."""
        options = {
            "--port": self.port,
            "--control-port": self.control_port,
            "--seed": self.seed,
            "--speed": speed,
            "--state-dir": state_dir,
        }
        words = [str(word) for pair in options.items() for word in pair]
        return [sys.executable, "-m", "sandbox", *words]


def open_sandbox(state_dir: Path, desk_port: int) -> SandboxProcess:
    """The same as last time; other ports only when its own have been taken meanwhile."""
    state_dir.mkdir(mode=0o700, exist_ok=True)
    path = state_dir / "sandbox.json"
    of_an_earlier_release = _read(state_dir / "playground.json")
    known = (
        _read(path)
        or of_an_earlier_release
        or SandboxProcess(
            port=desk_port + 1,
            control_port=desk_port + 2,
            seed=secrets.randbelow(1_000_000),
            key=secrets.token_hex(16),
            control_token=secrets.token_hex(16),
        )
    )
    port = _free_from(known.port, taken=desk_port)
    control = _free_from(known.control_port, taken=desk_port, also=port)
    sandbox = replace(known, port=port, control_port=control)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(sandbox), file)
    return sandbox


def _read(path: Path) -> SandboxProcess | None:
    try:
        return SandboxProcess(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _free_from(port: int, *, taken: int, also: int = 0) -> int:
    while port in (taken, also) or not is_free(port):
        port = port + 1 if port < 65_535 else 20_000
    return port
