"""The small forms of an order's page."""

from __future__ import annotations

from django import forms

from core.forms import NoteField, TablerForm

from ..placing.sent_after_all import BesideForm
from ..status import Flag


class CommentForm(TablerForm, forms.Form):
    """A line for the order's history."""

    comment = NoteField(
        label="Comment",
        help_text="A line in the history, with your name. It cannot be changed later.",
    )


class ClearFlagForm(TablerForm, forms.Form):
    """Which flag was looked into, and what came of it."""

    flag = forms.ChoiceField(choices=[one for one in Flag.choices if one[0]])
    found = NoteField(
        label="What did you find?",
        max_length=400,
        attrs={"form": "flag-step"},
        missing="Say what you found, for whoever looks at this order later.",
    )


class QueueAgainForm(BesideForm):
    """A second send is a second purchase if somebody was wrong: asked for twice."""

    sure = forms.BooleanField(
        label="I am sure that the provider does not have this order.",
        error_messages={"required": "Tick this to queue the order again."},
    )
