"""What a provider means by a status word."""

from __future__ import annotations

from django import forms

from core.forms import TablerForm
from providers.panel_api import OrderState

from ..status import Status

LONGEST_WORD = 80


class WordForm(TablerForm, forms.Form):
    """One word and one of our statuses. The word is carried, not typed."""

    word = forms.CharField(max_length=LONGEST_WORD, widget=forms.HiddenInput)
    meaning = forms.ChoiceField(
        label="It means",
        choices=[("", "Choose…"), *((one.value, Status(one.value).label) for one in OrderState)],
        error_messages={"required": "Choose one of our statuses."},
    )


class ForgetForm(forms.Form):
    word = forms.CharField(max_length=LONGEST_WORD)
