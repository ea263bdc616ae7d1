"""The commands of docs/production.md: every line of its fenced `sh` blocks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
_COMPOSE = ["docker", "compose"]


def commands(page: str = "docs/production.md") -> list[str]:
    """In their order, comments and blank lines left out; what `&&` joins over lines is one."""
    return [line for lines in blocks(page) for line in lines]


def blocks(page: str = "docs/production.md") -> list[list[str]]:
    """The same, each block by itself."""
    return [_bare(block.splitlines()) for block in _BLOCK.findall((ROOT / page).read_text())]


def said_below(word: str, page: str = "docs/production.md") -> list[str]:
    """Commands within the sentences right below the one block with this word."""
    text = (ROOT / page).read_text()
    [end] = [found.end() for found in _BLOCK.finditer(text) if word in found[1]]
    return re.findall(r"`((?:docker|git) [^`]+)`", text[end:].strip().partition("\n\n")[0])


def _bare(lines: list[str]) -> list[str]:
    bare = (re.sub(r"\s+#.*$", "", line).strip() for line in lines)
    kept = [line for line in bare if line and not line.startswith("#")]
    return re.sub(r"&&\n", "&& ", "\n".join(kept)).splitlines()


def steps(lines: list[str]) -> list[str]:
    """Each command by itself, also of those that run only if the one before went well."""
    return [step for line in lines for step in line.split(" && ")]


def compose_commands() -> list[list[str]]:
    """What is said to `docker compose`, word by word, without redirections."""
    split = (shlex.split(re.sub(r"\s[<>]\s*\S+$", "", step)) for step in steps(commands()))
    return [words[2:] for words in split if words[:2] == _COMPOSE]


def manage_commands() -> list[list[str]]:
    """What is said to manage.py, whoever runs it."""
    found = (re.search(r"python manage\.py ([^>;&]+)", step) for step in steps(commands()))
    return [shlex.split(match[1]) for match in found if match]
