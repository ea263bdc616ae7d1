"""Small files that survive the loss of power: on disk, name and all, when a function returns."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

OURS_ALONE = 0o600


def append_line(path: Path, line: str, *, wait_for_disk: bool = True) -> None:
    """Add a line. One that a crash left half written before it stands apart and spoils nothing.
    Raises OSError where the disk does not take all of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OURS_ALONE)
    try:
        text = f"\n{line}\n".encode()
        if os.write(descriptor, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        if wait_for_disk:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new and wait_for_disk:
        sync_directory(path.parent)


def write_whole(path: Path, text: str) -> TextIO:
    """Write a file that is there whole or not at all, and hand it back open and locked.

    The kernel lets go of the lock when the file is closed, however the process ends: to find a
    file of this kind unlocked means that nobody works on what is in it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.new")
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, OURS_ALONE)
    file = os.fdopen(descriptor, "w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        unfinished.replace(path)
        sync_directory(path.parent)
    except BaseException:
        file.close()
        unfinished.unlink(missing_ok=True)
        raise
    return file


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process of this machine is in a block with the same path."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_directory(path: Path) -> Iterator[None]:
    """The same for what is done to a whole directory, which is made if it is not there. It holds
    while everything in it is deleted."""
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def files_in(directory: Path) -> list[Path]:
    """Whatever lies there, by name; nothing where there is no such directory. Raises OSError where
    it cannot be read: `Path.glob` would say that nothing is there."""
    try:
        with os.scandir(directory) as entries:
            return sorted(directory / entry.name for entry in entries)
    except FileNotFoundError:
        return []


def is_worked_on(file: TextIO) -> bool:
    """Another process, or another part of this one, has this file open and locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def sync_directory(directory: Path) -> None:
    """Have the names in it on disk too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
