"""What a page says after a step."""

from __future__ import annotations

from django.contrib import messages
from django.utils.translation import gettext as _

from core.texts import LONGEST_TEXT

from .policy import StaffRequest


def tell(
    request: StaffRequest, is_done: bool, done: str, otherwise: str, *, written: str = ""
) -> None:
    """In green what was done, else in blue why there was nothing to do, with what was written."""
    if is_done:
        messages.success(request, done)
    else:
        messages.info(request, otherwise)
        give_back(request, written)


def give_back(request: StaffRequest, written: str) -> None:
    """What somebody wrote in a form that is not on the page any more: they can copy it."""
    if text := written.strip()[:LONGEST_TEXT]:
        messages.info(request, _("What you wrote was not saved: “%(text)s”") % {"text": text})
