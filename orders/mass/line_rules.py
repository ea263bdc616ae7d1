"""What one pasted line must be: the rules of the order form, without building a form for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms

from core.forms import PlainTextField
from core.own_words import in_own_words
from providers.models import Service
from providers.panel_api.order_types.table import Kind, OrderPayload

from ..placing.field_rules import DRIP_FEED, fault_of_total, faults_between
from ..placing.order_form import OrderForm
from ..placing.usual_links import UsualLinks
from .read_paste import LABELS, MORE, OWN_COLUMNS

REFERENCE = in_own_words(PlainTextField(required=False, max_length=80))
NOTE = in_own_words(PlainTextField(required=False))


@dataclass(frozen=True, slots=True)
class Problem:
    """What has to be fixed; `field` is the column it stands beside, or empty."""

    field: str
    words: str

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "words": self.words}


@dataclass(slots=True)
class Reading:
    """What one line says. `payload` is None when there are problems."""

    payload: OrderPayload | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class LineRules:
    """The rules for lines that order this service, made once and asked of every line."""

    def __init__(self, service: Service, *, today: date) -> None:
        form = OrderForm(service, today=today)
        self.service, self.asks, self.payload_class = service, form.asks, form.payload_class
        self.usual_links = UsualLinks(service)
        self.fields = {name: in_own_words(form.fields[name]) for name in form.asks}

    def read(self, cells: Mapping[str, str]) -> Reading:
        """The same check as the order form's, fault by fault."""
        reading, values = Reading(), dict[str, Any]()
        for name, asked in self.fields.items():
            try:
                values[name] = asked.clean(cells.get(name, ""))
            except forms.ValidationError as error:
                reading.problems += (Problem(name, words) for words in error.messages)
        reading.problems += (Problem(f or "", w) for f, w in faults_between(self.asks, values))
        reading.problems += _faults_of_notes(cells)
        self._check_left_over(cells, reading)
        if all(name in values for name, ask in self.asks.items() if ask.weighs):
            self._check_total(values, reading)
        self._doubt_links(values, reading)
        if not reading.problems:
            reading.payload = self._payload(values)
        return reading

    def _doubt_links(self, values: dict[str, Any], reading: Reading) -> None:
        """The same warning as the order form's."""
        for name, ask in self.asks.items():
            link = values.get(name) if ask.kind is Kind.LINK else None
            if link and (words := self.usual_links.doubt_about(link)):
                reading.warnings.append(f"{ask.label}: {words}")

    def _check_total(self, values: dict[str, Any], reading: Reading) -> None:
        if fault := fault_of_total(self._payload(values), self.service):
            reading.problems.append(Problem(fault[0] or "", fault[1]))

    def _payload(self, values: dict[str, Any]) -> OrderPayload:
        read = {name: values.get(name) for name in self.asks}
        return self.payload_class(service_id=self.service.external_id, **read)

    def _check_left_over(self, cells: Mapping[str, str], reading: Reading) -> None:
        """Cells this type has no field for are not dropped without a word."""
        for name in cells.keys() - self.fields.keys() - set(OWN_COLUMNS):
            if name == MORE:
                words = "There are more cells in this line than columns: empty this, or fix them."
                reading.problems.append(Problem(MORE, words))
            elif name in DRIP_FEED and name in self.payload_class.asks():
                words = "This service does not allow drip-feed: leave out the runs."
                reading.problems.append(Problem(name, words))
            else:
                label, kind = LABELS.get(name, name), self.payload_class.type_name
                reading.warnings.append(f"“{label}” is left out: {kind} orders have no such field.")
        reading.warnings.sort()


def _faults_of_notes(cells: Mapping[str, str]) -> Iterator[Problem]:
    for name, asked in (("reference", REFERENCE), ("note", NOTE)):
        if name in cells:
            try:
                asked.clean(cells[name])
            except forms.ValidationError as error:
                yield Problem(name, error.messages[0])
