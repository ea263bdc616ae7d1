"""How much a request may bring. A body is measured by its length before a byte of it is read, and a
file of it never touches a disk: whoever sends it may not even be logged in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler, StopUpload
from django.http import HttpRequest


def is_too_large(request: HttpRequest) -> bool:
    """Read as Django reads it, to whom one that tells no length has no body."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return False
    return not 0 <= length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class InMemory(MemoryFileUploadHandler):
    """Keeps each file in memory, whatever was said of its length, and stops where it is longer."""

    def handle_raw_input(self, *told: Any) -> None:
        self.activated = True
        self.seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.seen += len(raw_data)
        if self.seen > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise StopUpload(connection_reset=True)
        received: bytes | None = super().receive_data_chunk(raw_data, start)
        return received
