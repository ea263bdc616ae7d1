"""What a provider means by a status word, or by a phrase in an answer."""

from __future__ import annotations

from django import forms

from core.forms import TablerForm
from providers.panel_api import OrderState, RefusalCode
from providers.panel_api.refusals.classify import MEANINGS

from ..sending.send_orders import may_be_sent_again
from ..status import Status

LONGEST_WORD = 80
LONGEST_PHRASE = 400


class WordForm(TablerForm, forms.Form):
    """One word and one of our statuses. The word is carried, not typed."""

    word = forms.CharField(max_length=LONGEST_WORD, widget=forms.HiddenInput)
    meaning = forms.ChoiceField(
        label="It means",
        choices=[("", "Choose…"), *((one.value, Status(one.value).label) for one in OrderState)],
        error_messages={"required": "Choose one of our statuses."},
    )


class ForgetForm(TablerForm, forms.Form):
    word = forms.CharField(max_length=LONGEST_WORD)


def _meanings(*, final: bool) -> list[tuple[str, str]]:
    wanted = {code: words for code, words in MEANINGS.items() if may_be_sent_again(code) != final}
    return [(code.value, f"{words[0].upper()}{words[1:]}") for code, words in wanted.items()]


class RefusalForm(TablerForm, forms.Form):
    """One phrase of a provider and why it refuses by it. The phrase is carried, not typed."""

    phrase = forms.CharField(max_length=LONGEST_PHRASE, widget=forms.HiddenInput)
    meaning = forms.ChoiceField(
        label="It means",
        choices=[
            ("", "Choose…"),
            ("Refused for now: the order may be sent again", _meanings(final=False)),
            ("Refused for good: the order ends as rejected", _meanings(final=True)),
        ],
        error_messages={"required": "Choose what it means."},
    )
    sure = forms.BooleanField(
        label="I am sure: whenever it answers so, it has not taken the order.",
        error_messages={"required": "Tick this once you are sure."},
    )

    @property
    def code(self) -> RefusalCode:
        return RefusalCode(self.cleaned_data["meaning"])


class ForgetPhraseForm(TablerForm, forms.Form):
    phrase = forms.CharField(max_length=LONGEST_PHRASE)
