"""What a page says after a step."""

from __future__ import annotations

from django.contrib import messages

from .policy import StaffRequest


def tell(request: StaffRequest, is_done: bool, done: str, otherwise: str) -> None:
    """In green what was done, else in blue why there was nothing to do."""
    if is_done:
        messages.success(request, done)
    else:
        messages.info(request, otherwise)
