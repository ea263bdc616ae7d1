"""What staff fill in about a paste, and one of its lines to be fixed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import TablerForm
from core.money import PLACES, plain
from providers.forms.fields import provider_field
from providers.panel_api.order_types.table import PAYLOADS

from ..limits.drawn_before import DrawnForm
from ..models import BatchLine
from .check_lines import REPEATED
from .read_file import text_of
from .read_paste import (
    LABELS,
    LISTS,
    MORE,
    MOST_BYTES,
    WITHOUT_HEADER,
    NotAPaste,
    PastedLine,
    read_paste,
    tidied,
)

EXAMPLE = "1204 | https://lumen.example/p/1 | 500\n1204 | https://lumen.example/p/2 | 1000"
ALWAYS = ("reference", "note")


class PasteForm(TablerForm, DrawnForm):
    """Lines typed, pasted or in a file; when valid, `pasted` are the lines as cells."""

    provider = provider_field(
        empty_label=_("Found by the service id"),
        help_text=_("Used for every line that names no provider."),
    )
    name = forms.CharField(
        required=False,
        max_length=120,
        label="Name",
        help_text=_("Optional. It helps to find this mass order later."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Lines",
        widget=forms.Textarea(
            attrs={
                "rows": 12,
                "spellcheck": "false",
                "wrap": "off",
                "placeholder": EXAMPLE,
                "autofocus": True,
            }
        ),
    )
    file = forms.FileField(
        required=False,
        label="Or a file",
        help_text="CSV, TSV or text, at most 5 MB.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain"}),
    )

    pasted: list[PastedLine]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        text, file = values.get("text") or "", values.get("file")
        if "text" in self.errors or "file" in self.errors:
            return values
        if text.strip() and file:
            self.add_error("file", _("Use lines or a file, not both."))
            return values
        try:
            self.pasted = read_paste(_text_of(file) if file else text)
        except NotAPaste as refusal:
            self.add_error("file" if file else "text", str(refusal))
        self.ask_about_restores()
        return values


def _text_of(file: Any) -> str:
    if file.size > MOST_BYTES:
        raise NotAPaste("This is more than 5 MB. Split it into several parts.")
    return text_of(file.read())


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a line as it is fixed."""

    name: str
    label: str
    value: str
    is_list: bool
    errors: tuple[str, ...]

    @property
    def columns(self) -> str:
        """How wide it is drawn: service, provider, link and quantity fill one row."""
        if self.is_list or self.name in ("note", MORE):
            return "col-12 col-md-6"
        if self.name == "link":
            return "col-12 col-md-5"
        return f"col-6 col-md-{2 if self.name in ('service', 'quantity') else 3}"


def cells_to_fix(line: BatchLine) -> list[Cell]:
    """The fields of a line: those its service asks for, and whatever else it has."""
    payload = PAYLOADS.get(line.service.type) if line.service else None
    asked = tuple(payload.asks()) if payload else WITHOUT_HEADER[1:]
    wrong = [problem["field"] for problem in line.problems]
    names = ["service", "provider", *asked, *line.cells, *wrong]
    shown = [name for name in dict.fromkeys(names) if name in LABELS or name == MORE]
    optional = _optional(payload.asks()) if payload else set()
    return [
        Cell(
            name,
            "Cells beyond the columns" if name == MORE else _label(payload, name),
            line.cells.get(name, ""),
            name in LISTS,
            tuple(p["words"] for p in line.problems if p["field"] == name),
        )
        for name in shown
        if name not in optional or name in line.cells or name in wrong
    ]


def _optional(asks: Mapping[str, Any]) -> set[str]:
    return {name for name, ask in asks.items() if ask.optional}


def _label(payload: Any, name: str) -> str:
    asks = payload.asks() if payload else {}
    return str(asks[name].label if name in asks else LABELS[name])


def fixed_cells(posted: Mapping[str, Any]) -> dict[str, str]:
    """What came back for a line, by column; cells left empty are gone."""
    names = (*LABELS, MORE)
    return tidied({name: str(posted.get(f"cell-{name}", "")) for name in names})


def take_fixes(line: BatchLine, posted: Mapping[str, Any]) -> None:
    """Write into the line what came back. That it is meant is said of what the page showed: what it
    buys, and what it may repeat. With another link or quantity it is asked again."""
    cells = fixed_cells(posted)
    is_same = _bought(cells) == _bought(line.cells)
    was_told = posted.get("told_of", "") == line.told_of
    line.is_meant = "is_meant" in posted and is_repeated(line) and is_same and was_told
    line.cells = cells


def take_step(line: BatchLine, posted: Mapping[str, Any]) -> None:
    """Leave the line out, take it in again, or take back that it is meant; else what was fixed."""
    match posted.get("step"):
        case "leave_out":
            line.is_left_out = True
        case "take_in":
            line.is_left_out = False
        case "not_meant":
            line.is_meant = False
        case _:
            take_fixes(line, posted)


def _bought(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in cells.items() if name not in ALWAYS}


def other_problems(line: BatchLine) -> list[str]:
    """What is wrong with the line as a whole."""
    return [p["words"] for p in line.problems if p["field"] in ("", REPEATED)]


def is_repeated(line: BatchLine) -> bool:
    return line.is_meant or any(p["field"] == REPEATED for p in line.problems)


@dataclass(frozen=True, slots=True)
class Repeated:
    """The lines of a batch that wait for somebody to say that they are meant; `digest` is of
    what they buy, at what cost, and beside what."""

    lines: list[BatchLine]

    @classmethod
    def among(cls, lines: Iterable[BatchLine]) -> Repeated:
        asked = [line for line in lines if not line.is_good and line.order_id is None]
        asked = [line for line in asked if is_repeated(line) and not line.is_meant]
        return cls([line for line in asked if not line.is_left_out])

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def costs(self) -> dict[str, Decimal]:
        """What they are estimated at together, by currency."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            if line.service is not None and line.cost is not None:
                currency = line.service.provider.currency
                found[currency] = found.get(currency, Decimal(0)) + line.cost
        return dict(sorted(found.items()))

    @property
    def unpriced(self) -> int:
        """How many have no cost that is known."""
        return sum(line.cost is None for line in self.lines)

    @property
    def digest(self) -> str:
        digest = hashlib.sha256()
        for line in self.lines:
            cost = "" if line.cost is None else plain(round(line.cost, PLACES))
            row = (line.pk, line.service_id, sorted(line.cells.items()), line.told_of, cost)
            digest.update(repr(row).encode(errors="replace"))
        return digest.hexdigest()
