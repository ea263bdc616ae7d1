"""`docker`, for the tests of what docs/production.md says to type: without an engine.

`docker build` makes `image/`, as tests/desk_image.py does. `docker compose exec` and `run`, and
`docker run`, run their command there, on this machine, with the environment and the mounts that
real Compose (`docker-compose config`) reads from docker-compose.yml and `.env`. `up` runs to its
end what the others wait for. The server `database` is a PostgreSQL that is there already
(`PGHOST`, `PGPORT`); volumes are directories below `volumes/`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from tests.compose_config import compose
from tests.desk_image import build_image

OURS: Final = {"web", "worker-dispatch", "worker-follow", "beat"}
WITH_A_WORD = {"--user", "-e", "--volume", "--tag"}
HERE = Path.cwd()
IMAGE = HERE / "image"


def main(words: Sequence[str]) -> NoReturn:
    with (HERE / "docker.log").open("a") as log:
        print(*words, file=log)
    verb, *rest = words
    if verb == "compose":
        sys.exit(_compose(*rest))
    known = {"build": _build, "run": _docker_run, "volume": _volume}
    if verb not in known:
        print(f"docker knows no {verb} here", file=sys.stderr)
        sys.exit(1)
    sys.exit(known[verb](rest))


def _build(words: Sequence[str]) -> int:
    """Of the one tag that docker-compose.yml runs, which _compose looks at in no other way."""
    if list(words) != ["--tag", "reseller-desk", "."]:
        print(f"another image: {words}", file=sys.stderr)
        return 1
    shutil.rmtree(IMAGE, ignore_errors=True)
    IMAGE.mkdir()
    build_image(IMAGE, dict(os.environ))
    return 0


def _compose(verb: str, *words: str) -> int:
    read = compose(HERE, "config")
    if read.returncode:
        print(read.stderr, file=sys.stderr)
        return read.returncode
    services = yaml.safe_load(read.stdout)["services"]
    options, rest = _options(words)
    up = _up()
    if verb == "exec":
        return _exec(services, rest, up)
    if verb == "run":
        name, *command = rest
        return _run_once(services[name], command or services[name]["command"], options)
    if verb == "up":
        print(*sorted(up), file=(HERE / "beside").open("a"))
        once = services["migrate"]
        code = _run_once(once, once["command"], {})
        _note_up(OURS if code == 0 else up)
        return code
    if verb == "stop":
        unknown = set(rest) - set(services)
        _note_up(up - set(rest))
        return len(unknown)
    return 0 if verb == "ps" else 1


def _exec(services: dict[str, Any], words: Sequence[str], up: set[str]) -> int:
    """Inside the server's container; what writes or renames a whole database wants it alone."""
    name, *command = words
    if name != "database":
        return 1
    if command[0] in ("dropdb", "createdb", "pg_restore", "psql") and up:
        print(f"still at the database: {sorted(up)}", file=sys.stderr)
        return 1
    return subprocess.run(command, env={**os.environ, **services[name]["environment"]}).returncode


def _run_once(
    service: dict[str, Any], command: Sequence[str], options: dict[str, list[str]]
) -> int:
    """A container of its own: nothing of this machine's environment but the way to programs."""
    address = f"127.0.0.1:{os.environ['PGPORT']}"
    given = {name: str(value or "") for name, value in service["environment"].items()}
    given["DATABASE_URL"] = given["DATABASE_URL"].replace("database:5432", address)
    mounts = _mounts([*service.get("volumes", []), *options.get("--volume", [])])
    with tempfile.TemporaryDirectory() as gone_with_it:
        mounts = {"/data": gone_with_it, "/tmp": gone_with_it, **mounts}
        given["DESK_DATA_DIR"] = "/data"  # of the image
        given |= dict(word.split("=", 1) for word in options.get("-e", []))
        given["DESK_DATA_DIR"] = mounts[given["DESK_DATA_DIR"]]
        environment = {"PATH": os.environ["PATH"], "HOME": gone_with_it, **given}
        words = [_mounted(word, mounts) for word in command]
        return subprocess.run(words, cwd=IMAGE, env=environment).returncode


def _docker_run(words: Sequence[str]) -> int:
    options, (_, *command) = _options(words)
    mounts = _mounts(options.get("--volume", []))
    inside = [_mounted(word, mounts) for word in command]
    inside = [word.replace("desk:desk", f"{os.getuid()}:{os.getgid()}") for word in inside]
    return subprocess.run(inside, cwd=IMAGE).returncode


def _volume(words: Sequence[str]) -> int:
    verb, name = words
    place = HERE / "volumes" / name.removeprefix("reseller-desk_")
    if verb != "rm" or not name.startswith("reseller-desk_") or not place.is_dir():
        print(f"no such volume: {name}", file=sys.stderr)
        return 1
    shutil.rmtree(place)
    return 0


def _options(words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Compose's own words in front, and the rest from the first name on."""
    options: dict[str, list[str]] = {}
    left = list(words)
    while left and left[0].startswith("-"):
        name = left.pop(0)
        options.setdefault(name, []).extend([left.pop(0)] if name in WITH_A_WORD else [])
    return options, left


def _mounts(volumes: Sequence[str]) -> dict[str, str]:
    """Where a directory of the container lies here."""
    found = {}
    for volume in volumes:
        source, target, *_ = volume.split(":")
        name = source.removeprefix("reseller-desk_")
        place = Path(source) if source.startswith("/") else HERE / "volumes" / name
        place.mkdir(parents=True, exist_ok=True)
        found[target] = str(place)
    return found


def _mounted(word: str, mounts: dict[str, str]) -> str:
    """The word with each mounted directory in it as this machine calls it."""
    for inside, here in mounts.items():
        word = re.sub(rf"(^|[\s/]){re.escape(inside)}(?=$|[\s/;])", rf"\1{here}", word)
    return word


def _up() -> set[str]:
    path = HERE / "up"
    return set(path.read_text().split()) if path.exists() else set()


def _note_up(names: set[str]) -> None:
    (HERE / "up").write_text(" ".join(sorted(names)))


if __name__ == "__main__":
    main(sys.argv[1:])
