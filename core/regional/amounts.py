"""An amount that is typed: 1.000 is read neither as one nor as a thousand, but refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from core.money import plain
from core.texts import without_unseen

from .numbers import style, with_point

_ONE_OR_A_THOUSAND = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)
SAMPLE = "1234.56"
_BETWEEN = " '’"  # thousands, in every style


def _written_like(sample: str = SAMPLE) -> str:
    return f"Write it like {with_point(sample)}."


class AmountField(forms.DecimalField):
    """Typed in the style in which the person is shown amounts. What means something else in
    another style is refused, with both ways to write it."""

    def __init__(
        self, *, help_text: str = "", placeholder: str = "", sample: str = SAMPLE, **more: Any
    ) -> None:
        hints = {"placeholder": placeholder} if placeholder else {}
        attrs = {"inputmode": "decimal", "autocomplete": "off", **hints}
        attrs["title"] = lazy(_written_like, str)(
            sample
        )  # for a form that has no room for its words
        more["widget"] = forms.TextInput(attrs=attrs)
        words = lazy(lambda: f"{help_text} {_written_like(sample)}".strip(), str)()
        super().__init__(help_text=words, **more)

    def to_python(self, value: Any) -> Any:
        return super().to_python(amount_in(value) if isinstance(value, str) else value)

    def prepare_value(self, value: Any) -> Any:
        """An amount that was kept, as it may be sent back unchanged."""
        return typed(value) if isinstance(value, Decimal) else value


def typed(amount: Decimal) -> str:
    """With a fourth place where three would be refused."""
    text = plain(amount)
    text += "0" if _ONE_OR_A_THOUSAND.fullmatch(text) else ""
    return text.replace(".", style().point)


def amount_in(text: str) -> str:
    """The same as Python writes it; raises ValidationError for what could mean something else."""
    written, here = without_unseen(text).replace("−", "-"), style()
    if not written:
        return ""
    if _ONE_OR_A_THOUSAND.fullmatch(written):
        raise forms.ValidationError(_both_ways(written))
    if not _pattern(here.thousands, here.point).fullmatch(written):
        raise forms.ValidationError(f"This is not an amount. {_written_like()}")
    bare = re.sub(f"[{_BETWEEN}{re.escape(here.thousands)}]", "", written)
    return bare.replace(here.point, ".")


def _pattern(thousands: str, point: str) -> re.Pattern[str]:
    between = "|".join(rf"(?:[{sign}][0-9]{{3}})+" for sign in {*_BETWEEN, thousands})
    whole = rf"[0-9]+|[1-9][0-9]{{0,2}}(?:{between})"
    return re.compile(rf"-?(?:(?:{whole})(?:{re.escape(point)}[0-9]*)?|{re.escape(point)}[0-9]+)")


def _both_ways(written: str) -> str:
    whole, places = re.split("[.,]", written)
    short = places.rstrip("0")
    if len(short) == len(places):
        short += "0"  # three places would be refused again
    small = f"{whole}{style().point}{short}" if short else whole
    words = _("%(written)s can be read in two ways. Write %(large)s or %(small)s.")
    return words % {"written": written, "large": f"{whole}{places}", "small": small}
