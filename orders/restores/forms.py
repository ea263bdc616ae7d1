"""The small forms of the page of a restored database."""

from __future__ import annotations

from django import forms

from core.forms import NoteField, TablerForm


class AcknowledgeForm(TablerForm, forms.Form):
    """The database is accepted as it is."""

    note = NoteField(
        label="What happened, and what you looked at",
        missing="Say what happened, for whoever asks later.",
    )
    machines = forms.BooleanField(
        label="Every machine that sends was started since the stop, or will never send again.",
        error_messages={
            "required": "Start each machine that sends first: only its own disk knows what it sent."
        },
    )
    sure = forms.BooleanField(
        label="I have looked through the lists: what is still queued was not sent.",
        error_messages={"required": "Tick this once you have looked through them."},
    )


class TakenForm(TablerForm, forms.Form):
    """Which order of ours was sent after all."""

    order = forms.IntegerField(min_value=1)
