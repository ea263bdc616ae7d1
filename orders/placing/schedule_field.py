"""When an order is to be sent: at once, at a time, or behind the one that has its link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from core.forms import TablerForm
from core.regional.time_zones import zone_of_page

from ..models import Order

LATEST_START = timedelta(days=366)
ANOTHER_ZONE: Final = _(
    "This was typed as a time of %(shown)s, and your time zone is %(now)s by now. Write it as a "
    "time of %(now)s, or send it as it is if it is one."
)
NO_ZONE: Final = _(
    "This page did not say in which time zone the start is. Yours is %(now)s: write it as a time "
    "of %(now)s, or send it as it is if it is one."
)


def _in_which_zone() -> str:
    return f"Empty: send now. Time zone: {timezone.get_current_timezone_name()}."


def _in_zone(start: datetime, name: str) -> datetime:
    """What was typed, read in this zone; as it was read where there is none of this name."""
    zone = zone_of_page(name)
    return timezone.make_naive(start).replace(tzinfo=zone) if zone else start


def as_chosen(data: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Where the form asks "now, or behind it?" there is one choice, so nobody says both: what was
    sent, with the two fields that the choice stands for."""
    choice, _, consent = str((data or {}).get("beside") or "").partition(":")
    if data is None or choice not in ("now", "behind"):
        return data
    behind = {"queue_behind": "on"} if choice == "behind" else {}
    others = {name: value for name, value in data.items() if name != "queue_behind"}
    return {**others, "place_anyway": consent, **behind}


class WhenForm(TablerForm, forms.Form):
    """The part of an order form that is the same for every type.

    `now` has to be set before the form is checked. `blocker` is the last in line for the link,
    None while the link is free. `zone` says in which time zone the page showed the start: it may be
    another one by now, and the start another moment.
    """

    starts_at = forms.DateTimeField(
        required=False,
        label="Schedule",
        help_text=lazy(_in_which_zone, str)(),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    queue_behind = forms.BooleanField(required=False)

    now: datetime | None = None
    blocker: Order | None = None
    typed_start: datetime | None = None  # in the zone of the page, whatever is wrong with it

    @property
    def behind(self) -> Order | None:
        """The order to wait for, when somebody has chosen to wait."""
        return self.blocker if self.cleaned_data.get("queue_behind") else None

    @property
    def is_to_wait(self) -> bool:
        return bool(self["queue_behind"].value())

    @property
    def zone(self) -> str:
        """What the page says when it is drawn: of one that comes back, the zone of now."""
        return timezone.get_current_timezone_name()

    def clean_starts_at(self) -> datetime | None:
        starts_at: datetime | None = self.cleaned_data["starts_at"]
        shown = self.data.get("zone", "")
        self.typed_start = _in_zone(starts_at, shown) if starts_at else None
        if starts_at and shown != self.zone:
            words = ANOTHER_ZONE if zone_of_page(shown) else NO_ZONE
            raise forms.ValidationError(words % {"shown": shown, "now": self.zone})
        if starts_at is None or self.now is None:
            return starts_at
        if starts_at <= self.now:
            raise forms.ValidationError("This time has passed.")
        if starts_at > self.now + LATEST_START:
            raise forms.ValidationError("This is more than a year away.")
        return starts_at

    def when(self) -> dict[str, Any]:
        """What `place_order` takes beside the draft."""
        return {"starts_at": self.cleaned_data.get("starts_at"), "behind": self.behind}
