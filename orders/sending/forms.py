"""Why sending is stopped or goes on, as somebody writes it down."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import PlainTextField, TablerForm
from providers.forms.fields import provider_field

REASON = "What everybody at the desk reads while nothing is sent."


CANCELS = "Cancels that people ask for are still sent. Orders and refills wait."


class CancelsForm(TablerForm, forms.Form):
    lets_cancels = forms.BooleanField(
        required=False, label="Let cancels through", help_text=CANCELS
    )


class StopForm(CancelsForm):
    reason = PlainTextField(
        max_length=300,
        label="Why",
        help_text=REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order: tuple[str, ...] = ("reason", "lets_cancels")


class IncidentForm(StopForm):
    provider = provider_field(required=True, empty_label="Choose one")
    field_order = ("provider", "reason", "lets_cancels")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="incident-%s", **kwargs)  # it stands beside a StopForm


class LiftForm(TablerForm, forms.Form):
    note = PlainTextField(max_length=300, required=False, empty_value="", label="Note")
