"""`python -m tests.compose_config`: real Compose reads docker-compose.yml and what the docs say.

Of Compose only the program is needed, no engine: the distribution's package docker-compose. A
release from before its specification knows no top-level `name`, which is left out for it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from dashboard.supervisor.secrets_file import as_lines
from tests.docs_commands import compose_commands

ROOT = Path(__file__).resolve().parent.parent
OURS = {"web", "worker-dispatch", "worker-follow", "beat", "migrate"}


def compose(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `docker-compose` says of the files in this directory, with nothing of ours set."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["docker-compose", *words],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def place_files(place: Path) -> None:
    """The compose file as this release of Compose takes it."""
    text = (ROOT / "docker-compose.yml").read_text()
    if re.search(r"\b1\.\d+\.\d+", compose(place, "version", "--short").stdout):
        text = re.sub(r"^name: .*$", "", text, flags=re.M)
    (place / "docker-compose.yml").write_text(text)
    (place / "Dockerfile").write_text((ROOT / "Dockerfile").read_text())


def faults_of(read: dict[str, Any]) -> list[str]:
    """What Compose would do otherwise than it should."""
    services = read["services"]
    building = sorted(name for name, service in services.items() if "build" in service)
    images = {services[name].get("image") for name in OURS}
    unset = re.findall(r"\$\{[^}]*\}", yaml.safe_dump(read))
    root = [name for name in (*OURS, "broker") if services[name].get("user") in ("root", "0")]
    faults = [] if building == ["migrate"] else [f"these build: {building}"]
    faults += [] if images == {"reseller-desk"} else [f"images: {images}"]
    faults += [f"not filled in: {unset}"] if unset else []
    return faults + [f"{name} is root" for name in root]


def faults_of_commands(place: Path) -> list[str]:
    """Services and options that the commands of the docs name and Compose does not know."""
    faults = []
    services = set(compose(place, "config", "--services").stdout.split())
    for command in compose_commands():
        verb, *words = command
        if verb == "ps" and "--all" in words:
            words.remove("--all")
        helped = compose(place, verb, "--help")
        if helped.returncode:
            faults.append(f"compose knows no {verb}")
        said = helped.stdout + helped.stderr
        options = [w.partition("=")[0] for w in words[: _own(words, services)] if w[0] == "-"]
        faults += [f"{verb} knows no {o}" for o in options if o not in said]
        named = [word for word in words if word in services]
        if verb in ("stop", "exec", "run") and not named:
            faults.append(f"no service is named: {verb} {' '.join(words)}")
    return faults


def _own(words: list[str], services: set[str]) -> int:
    """How many words are Compose's own, before the service and the command it runs."""
    return next((n for n, word in enumerate(words) if word in services), len(words))


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="reseller-desk-") as scratch:
        place = Path(scratch)
        place_files(place)
        unset = compose(place, "config")
        faults = [] if "docs/production.md" in unset.stderr else [f"no words: {unset.stderr}"]
        (place / ".env").write_text(as_lines(compose=True) + "\n")
        read = compose(place, "config")
        if read.returncode:
            faults.append(read.stderr)
        else:
            faults += faults_of(yaml.safe_load(read.stdout)) + faults_of_commands(place)
    print("\n".join(faults) or "Compose reads docker-compose.yml as it is meant.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
