"""A form that was drawn before the database was put back: what it asks for may be bought already,
and neither its form key nor anything else here knows of it. Whoever sends it is asked first.

Each form that buys carries up to which restore its page knew (`shown.restores`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from core.clocks import SESSION_MOST_SECONDS, database_now

from .. import shown

NEVER: Final = "never"  # what a page says that knew of no restore
KEPT_FOR: Final = timedelta(seconds=SESSION_MOST_SECONDS)
RESTORED_TICK: Final = _("This may be bought already. Tick the box if you mean it.")


def word_of(restores: shown.Restores) -> str:
    return restores.word or NEVER


class DrawnForm(forms.Form):
    """The part of a form that buys which says when it was drawn. Where the database was put back
    since, `restores_meant` must name the restore that the page tells of.

    A page of a release before this says nothing: it counts as drawn before the newest restore for
    as long as anybody stays logged in, and a draft is kept in the browser.
    """

    restores = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    restores_meant = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    is_drawn = True  # False: it was never a page, and somebody else asks

    @cached_property
    def known_restores(self) -> shown.Restores:
        return shown.restores()

    @property
    def restores_consent(self) -> str:
        """What `restores_meant` must say: it is worth nothing for a restore that is found later."""
        return word_of(self.known_restores)

    @property
    def restores_shown(self) -> str:
        """What the page says when it is drawn: once it asks, it asks until the box is ticked."""
        said: str = self.data.get("restores", "")
        return said if self.is_bound else self.restores_consent

    @cached_property
    def restored_at(self) -> datetime | None:
        """When the database was put back that this form was drawn before; else None."""
        known = self.known_restores
        if not (self.is_bound and self.is_drawn and known.found_at):
            return None
        if self.restores_shown == self.restores_consent:
            return None
        is_long_ago = database_now() - known.found_at > KEPT_FOR
        return None if not self.restores_shown and is_long_ago else known.found_at

    @property
    def is_restore_meant(self) -> bool:
        return bool(self.data.get("restores_meant") == self.restores_consent)

    def ask_about_restores(self) -> None:
        if self.restored_at and not self.is_restore_meant:
            self.add_error("restores_meant", RESTORED_TICK)
