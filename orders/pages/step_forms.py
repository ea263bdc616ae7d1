"""The small forms of an order's page and of resolving one."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import TablerForm

from ..status import Flag

LONGEST_NOTE = 500


class NoteForm(TablerForm, forms.Form):
    """A line for the order's history."""

    note = forms.CharField(
        label="Note", max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="history-%s", **kwargs)  # the order has a note of its own


class ClearFlagForm(TablerForm, forms.Form):
    """Which flag was looked into, and what came of it."""

    flag = forms.ChoiceField(choices=[one for one in Flag.choices if one[0]])
    found = forms.CharField(
        label="What did you find?",
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2, "form": "flag-step"}),
        error_messages={"required": "Say what you found, for whoever looks at this order later."},
    )


class QueueAgainForm(TablerForm, forms.Form):
    """A second send is a second purchase if somebody was wrong: asked for twice."""

    sure = forms.BooleanField(
        label="I am sure that the provider does not have this order.",
        error_messages={"required": "Tick this to queue the order again."},
    )
