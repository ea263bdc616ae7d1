"""Why sending is stopped or goes on, as somebody writes it down."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import TablerForm
from providers.models import Provider

from .fields import PlainTextField

REASON = "What everybody at the desk reads while nothing is sent."


class StopForm(TablerForm, forms.Form):
    reason = PlainTextField(
        max_length=300, label="Why", help_text=REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class IncidentForm(StopForm):
    provider = forms.ModelChoiceField(
        Provider.objects.order_by("name", "pk"), label="Provider", empty_label="Choose one"
    )
    field_order = ("provider", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="incident-%s", **kwargs)  # it stands beside a StopForm


class OpenForm(TablerForm, forms.Form):
    note = PlainTextField(max_length=300, required=False, empty_value="", label="Note")
