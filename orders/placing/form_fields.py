"""How each kind of ask is asked for and checked: the one table from `Kind` to a form field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _

from core.forms import PlainTextField
from core.regional.numbers import grouped, style
from core.texts import UNREADABLE, without_unseen
from providers.models import Service
from providers.panel_api.order_types.table import Ask, Kind, OrderPayload, split_lines

from ..links import LONGEST_LINK
from .cells import LISTS_OF_NAMES, address_in, holds_more, is_written_around, number_in

LARGEST_NUMBER = 10**12  # far above any real limit, far below what the columns hold
LONGEST_LINES = 500_000
MOST_LINES = 10_000

_DIGITS = re.compile(r"[0-9]{1,18}")
_ONE_OR_A_THOUSAND = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RUNNABLE = re.compile(r"(javascript|vbscript|data|blob|file|about|view-source)\s*:", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field is built for: the service whose limits count, the day it is asked on, and
    whether the payload keeps the value as a number."""

    service: Service
    today: date
    as_number: bool = False


def counted(number: int, noun: str) -> str:
    """ "1 line", "2,000 lines"."""
    return f"{grouped(number)} {noun}" if number == 1 else f"{grouped(number)} {noun}s"


class WholeNumberField(forms.Field):
    """A whole number written with the digits 0–9, its thousands set apart or not.

    Django's IntegerField also reads Arabic and full-width digits, "1_000" and "1.0".
    """

    widget = forms.TextInput

    def __init__(self, *, lowest: int = 0, highest: int | None = None, **more: Any) -> None:
        self.lowest, self.highest = lowest, LARGEST_NUMBER if highest is None else highest
        super().__init__(**more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        return {"inputmode": "numeric", "maxlength": "18"}

    def to_python(self, value: Any) -> int | None:
        text = number_in(str(value)) if value is not None else ""
        if not text:
            return None
        here = style()
        if here.point == "," and _ONE_OR_A_THOUSAND.fullmatch(
            written := without_unseen(str(value))
        ):
            raise forms.ValidationError(
                _("%s can be read in two ways in your number format. Write digits only.") % written
            )
        if not _DIGITS.fullmatch(text):
            other = ", or 1,000" if here.point == "." else ""
            raise forms.ValidationError(
                f"Write a whole number with the digits 0–9 only: 1000{other}."
            )
        return int(text)

    def validate(self, value: int | None) -> None:
        super().validate(value)
        if value is None:
            return
        if value < self.lowest:
            raise forms.ValidationError(f"Minimum is {grouped(self.lowest)}.")
        if value > self.highest:
            raise forms.ValidationError(f"Maximum is {grouped(self.highest)}.")


class WordField(PlainTextField):
    """A text without spaces."""

    def to_python(self, value: Any) -> str | None:
        word = super().to_python(without_unseen(str(value)) if value is not None else None)
        if word is not None and len(word.split()) > 1:
            raise forms.ValidationError("Write one word, without spaces.")
        return word


class LinkField(PlainTextField):
    """A web address, or any other text a provider takes for one; sent as it was written, but for
    signs nobody sees and what a spreadsheet, a chat or a page puts around an address."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=LONGEST_LINK, **more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        seen = {"inputmode": "url", "spellcheck": "false"}
        return super().widget_attrs(widget) | seen

    def to_python(self, value: Any) -> str | None:
        link = super().to_python(address_in(str(value)) if value is not None else None)
        if link is None:
            return None
        if is_written_around(link):
            raise forms.ValidationError(
                "This is a formula or a link with its words around it. Write the address alone."
            )
        if holds_more(link):
            raise forms.ValidationError(
                "There is a space in this address. Write one address; a space in it as %20."
            )
        if _RUNNABLE.match(link):
            raise forms.ValidationError("This is not an address of a page: it would run as code.")
        if link.lower().startswith(("http:", "https:")) and not _has_host(link):
            raise forms.ValidationError("This web address has no host: check it for slips.")
        return link


def _has_host(link: str) -> bool:
    try:
        return bool(urlsplit(link).hostname)
    except ValueError:
        return False


class LinesField(forms.CharField):
    """One entry a line, as a tuple; empty lines are left out, the others are stripped."""

    widget = forms.Textarea

    def __init__(
        self, *, lowest: int = 1, highest: int | None = None, of_names: bool = False, **more: Any
    ) -> None:
        self.lowest, self.highest = lowest, MOST_LINES if highest is None else highest
        self.of_names = of_names
        super().__init__(max_length=LONGEST_LINES, **more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"rows": "8"}  # a maxlength would cut a long paste off without a word

    def clean(self, value: Any) -> tuple[str, ...]:
        text = self.to_python(value) or ""
        lines = split_lines(text)
        if lines or not text:
            self.validate("\n".join(lines))
        elif self.required:
            raise forms.ValidationError("Every line is empty.")
        self.run_validators(text)
        self._check(lines)
        return lines

    def _check(self, lines: tuple[str, ...]) -> None:
        for number, line in enumerate(lines if self.of_names else (), start=1):
            if re.search(r"[,;\s]", line):
                raise forms.ValidationError(
                    f"Line {grouped(number)} holds several names (“{line[:40]}”). Each counts as "
                    "one: write one a line."
                )
        for number, line in enumerate(lines, start=1):
            if UNREADABLE in line:
                raise forms.ValidationError(
                    f"Line {grouped(number)} holds a character that could not be read "
                    f"({UNREADABLE}): write it anew."
                )
            if any(unicodedata.category(char) in ("Cc", "Cs") for char in line if char != "\t"):
                raise forms.ValidationError(
                    f"Line {grouped(number)} holds a control character: it starts “{line[:40]}”."
                )
        if lines and len(lines) < self.lowest:
            raise forms.ValidationError(
                f"{counted(len(lines), 'line')} are too few. Minimum is {grouped(self.lowest)}."
            )
        if len(lines) > self.highest:
            raise forms.ValidationError(
                f"{counted(len(lines), 'line')} are too many. Maximum is {grouped(self.highest)}."
            )


class DayField(forms.Field):
    """A day that has not passed, written year-month-day as browsers send it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, *, earliest: date, **more: Any) -> None:
        self.earliest = earliest
        super().__init__(**more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        return {"min": self.earliest.isoformat()}

    def to_python(self, value: Any) -> date | None:
        text = str(value or "").strip(" ")
        if not text:
            return None
        try:
            day = date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise forms.ValidationError("Write a day as year-month-day: 2026-12-31.")
        return day

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value is not None and value < self.earliest:
            raise forms.ValidationError("This day has passed.")


FieldMaker = Callable[[Ask, Setting, dict[str, Any]], forms.Field]


def _quantity(ask: Ask, setting: Setting, common: dict[str, Any]) -> forms.Field:
    lowest, highest = limits(setting.service)
    common["help_text"] = (
        ask.help or f"{grouped(lowest)} to {grouped(highest)}." if highest else ask.help
    )
    return WholeNumberField(lowest=lowest, highest=highest, **common)


def _number(ask: Ask, setting: Setting, common: dict[str, Any]) -> forms.Field:
    return WholeNumberField(lowest=ask.minimum or 0, highest=ask.maximum, **common)


def _lines(ask: Ask, setting: Setting, common: dict[str, Any]) -> forms.Field:
    lowest, highest = limits(setting.service) if ask.counts else (ask.minimum or 1, ask.maximum)
    return LinesField(
        lowest=lowest,
        highest=min(highest or MOST_LINES, MOST_LINES),
        of_names=ask.wire in LISTS_OF_NAMES,
        **common,
    )


def _choice(ask: Ask, setting: Setting, common: dict[str, Any]) -> forms.Field:
    return forms.TypedChoiceField(
        choices=(("", "—" if ask.optional else "Choose…"), *ask.choices),
        coerce=int if setting.as_number else str,
        empty_value=None,
        error_messages={"invalid_choice": "“%(value)s” is not one of the choices."},
        **common,
    )


FIELDS: dict[Kind, FieldMaker] = {
    Kind.LINK: lambda ask, setting, common: LinkField(**common),
    Kind.TEXT: lambda ask, setting, common: PlainTextField(**common),
    Kind.WORD: lambda ask, setting, common: WordField(**common),
    Kind.DATE: lambda ask, setting, common: DayField(earliest=setting.today, **common),
    Kind.QUANTITY: _quantity,
    Kind.NUMBER: _number,
    Kind.LINES: _lines,
    Kind.CHOICE: _choice,
}


def fields_for(
    asks: Mapping[str, Ask], payload: type[OrderPayload], service: Service, today: date
) -> dict[str, forms.Field]:
    """The form fields that ask for these parts of a payload, by its names."""
    hints = get_type_hints(payload)
    return {
        name: field_for(ask, Setting(service, today, as_number=_is_number(hints[name])))
        for name, ask in asks.items()
    }


def _is_number(hint: Any) -> bool:
    """Whether a payload keeps this field as an int (also where it may be None)."""
    return hint is int or int in getattr(hint, "__args__", ())


def field_for(ask: Ask, setting: Setting) -> forms.Field:
    """The form field that asks for this part of a payload."""
    common = {"label": ask.label, "help_text": ask.help, "required": not ask.optional}
    return FIELDS[ask.kind](ask, setting, common)


def limits(service: Service) -> tuple[int, int | None]:
    """The least and the most units of one order; at least 1, and None for no known maximum."""
    return max(service.min or 1, 1), service.max or None
