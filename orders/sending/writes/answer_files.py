"""Answers to refills, cancels and replays in the spool. No key is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

from django.conf import settings

from core.durable_files import is_worked_on
from core.redaction import redact

from ...status import Write
from . import spool_files
from .spool_files import AnswerFile

log = logging.getLogger(__name__)
Said = dict[str, Any]
T = TypeVar("T")


def directory() -> Path:
    return Path(settings.DATA_DIR) / "spool" / "writes"


@contextmanager
def kept(write: Write, key: str, said: Said) -> Iterator[AnswerFile]:
    path = directory() / f"{write.value}-{key}.json"
    text = redact(json.dumps({"write": write.value, "said": said}))
    with spool_files.on_disk(path, text, what=f"a {write}") as file:
        yield file


def left_behind(key: str, read: Callable[[Said], T]) -> T | None:
    """What was said to this call, if it was kept and nobody has recorded it. What `read` finds to
    be of no shape it knows is left to the log."""
    return spool_files.first_of(directory(), key, lambda path: read(_read(path)[1]))


def import_left_behind(take_in: Mapping[Write, Callable[[Said], bool]]) -> int:
    """Record what nobody works on any more; how many answers that were. What is about no call of
    this database is set aside: `take_in` says False of it."""
    return spool_files.import_each(
        directory(), lambda path, file: _import_file(path, file, take_in), what="writes kept"
    )


def _import_file(path: Path, file: TextIO, take_in: Mapping[Write, Callable[[Said], bool]]) -> bool:
    if is_worked_on(file):
        return False
    write, said = _read(path)
    if not take_in[write](said):
        spool_files.set_aside_unmatched(path)
        return False
    AnswerFile(path).is_recorded()
    log.warning("the answer to a %s was recorded from disk", write)
    return True


def _read(path: Path) -> tuple[Write, Said]:
    whole = json.loads(path.read_text(encoding="utf-8"))
    return Write(whole["write"]), dict(whole["said"])
