"""The small forms of the page of a restored database."""

from __future__ import annotations

from django import forms

from core.forms import TablerForm

LONGEST_NOTE = 500


class AcknowledgeForm(TablerForm, forms.Form):
    """The database is accepted as it is."""

    note = forms.CharField(
        label="What happened, and what you looked at",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what happened, for whoever asks later."},
    )
    sure = forms.BooleanField(
        label="I have looked through the lists: what is still queued was not sent.",
        error_messages={"required": "Tick this once you have looked through them."},
    )


class TakenForm(forms.Form):
    """Which order of ours was sent after all."""

    order = forms.IntegerField(min_value=1)
