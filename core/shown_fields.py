"""Settings that several people may change: a form carries what its fields showed when it was drawn.

Of what comes back only that is written which the person has changed, and nothing over what somebody
else wrote meanwhile: they are asked once more, with all they typed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from core.money import plain

CHANGED = "Something changed since this page was drawn, and nothing was done: look at it once more."
_OF_ITSELF = "shown"


class ChangedMeanwhile(Exception):
    """Somebody else has changed these since they were shown: what they are now, by field."""

    def __init__(self, now: Mapping[str, Any]) -> None:
        super().__init__(", ".join(now))
        self.now = now


def word_of(value: Any) -> str:
    """Tells one value of a field from another, whatever line ends a browser gives to it."""
    return hashlib.sha256(_spelled(value).encode()).hexdigest()[:16]


def own_changes(
    wanted: Mapping[str, Any], *, shown: Mapping[str, str], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Those of `wanted` that the person has changed, by the words of what was shown. `now` is what
    is so, read in the transaction that writes, its row locked. Raises ChangedMeanwhile."""
    own = {name: value for name, value in wanted.items() if word_of(value) != shown.get(name)}
    theirs = {
        name: now[name]
        for name, value in own.items()
        if word_of(now[name]) not in (shown.get(name), word_of(value))
    }
    if theirs:
        raise ChangedMeanwhile(theirs)
    return own


class ShownFields(forms.BaseForm):
    """Mix in before the form; the page draws its field `shown` with the others. A page that sends
    none showed nothing: whatever differs from what is so is asked about."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hidden = forms.HiddenInput(attrs={"id": False})  # a page has several
        self.fields[_OF_ITSELF] = forms.CharField(required=False, widget=hidden)

    def shown_values(self) -> dict[str, Any]:
        """What it shows where it is drawn now, by field."""
        names = (name for name in self.fields if name != _OF_ITSELF)
        return {name: self.get_initial_for_field(self.fields[name], name) for name in names}

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        if field_name != _OF_ITSELF:
            return super().get_initial_for_field(field, field_name)
        return _written({name: word_of(value) for name, value in self.shown_values().items()})

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != _OF_ITSELF}

    @property
    def shown(self) -> dict[str, str]:
        return _read(self.cleaned_data.get(_OF_ITSELF, ""))

    def say_meanwhile(self, changed: ChangedMeanwhile) -> None:
        """What it is now stands beside each of these fields, and may then be replaced."""
        self._show_anew(changed.now)
        for name, value in changed.now.items():
            field = name if name in self.fields else None
            self.add_error(field, _meanwhile(self.fields.get(name), value))

    def ask_anew(self, now: Mapping[str, Any], words: Any, beside: str | None = None) -> None:
        """`words` stand above all that was typed, or `beside` a field; sent again, it is about what
        is so `now`."""
        self._show_anew(now)
        self.add_error(beside, words)

    def _show_anew(self, now: Mapping[str, Any]) -> None:
        renewed = {name: word_of(value) for name, value in now.items()}
        self.data = {**dict(self.data.items()), _OF_ITSELF: _written(self.shown | renewed)}


def _meanwhile(field: forms.Field | None, value: Any) -> str:
    text = _spelled(value)
    for key, label in getattr(field, "choices", ()):
        text = str(label) if str(key) == text else text
    if isinstance(value, bool):
        text = _("on") if value else _("off")
    if text:
        there = _("Somebody has changed this meanwhile: now it is “%(text)s”.") % {"text": text}
    else:
        there = _("Somebody has emptied this meanwhile.")
    return there + " " + _("Save again to put yours in its place.")


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return "\n".join(str(value).strip().splitlines())


def _written(words: Mapping[str, str]) -> str:
    return json.dumps(words, sort_keys=True, separators=(",", ":"))


def _read(text: str) -> dict[str, str]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}
