"""What the desk may do about lost answers at one provider."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import TablerForm
from core.regional.amounts import AmountField
from core.shown_fields import ShownFields
from providers.panel_api import Dialect, why_no_parameter

from ..models import Recovery
from .search.rules import FOR_ADMINS

HELP = {
    "enabled": "Off: every lost order waits for a person.",
    "key_is_ours_alone": "Only then an order there that nobody here knows must be the lost one.",
    "replays_are_safe": "Only where the provider promises it: the order is sent again, under the "
    "same number of ours, and must come back as the first one.",
    "least_adds": "So many orders must have had rising numbers before numbers prove anything.",
    "grace_seconds": "Counted from the loss. Until then the account is sent nothing else.",
    "calls_per_hour": "They are free, but unusual traffic.",
    "lost_in_a_row": "0: never.",
    "lost_amount": "In the account's currency. Empty: no limit.",
    "two_people_above": "In the account's currency. Empty: one person is enough.",
}


class RecoveryForm(ShownFields, TablerForm, forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    idempotency_parameter = forms.CharField(
        label="Parameter of an order that takes an id of ours",
        help_text="As the provider's documentation names it, such as request_id; the "
        "connection check can ask for it. Empty: it takes none.",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = Recovery
        fields = tuple(HELP)
        help_texts = HELP
        field_classes = dict.fromkeys(("lost_amount", "two_people_above"), AmountField)

    def __init__(self, *args: Any, is_admin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dialect = Dialect.from_profile(self.instance.provider.dialect)
        self.initial["idempotency_parameter"] = dialect.idempotency_parameter
        self.initial["replays_are_safe"] = self.instance.promises_replays(self.instance.provider)
        for name in FOR_ADMINS:
            self.fields[name].disabled = not is_admin

    def clean_idempotency_parameter(self) -> str:
        name: str = self.cleaned_data["idempotency_parameter"]
        if name and (obstacle := why_no_parameter(name)):
            raise forms.ValidationError(obstacle)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_nameless = cleaned.get("idempotency_parameter") == ""
        if is_nameless and cleaned.get("replays_are_safe"):
            self.add_error(
                "replays_are_safe",
                "Name the parameter first: without an id of ours a replay is another order.",
            )
        return cleaned

    def clean_lost_amount(self) -> Any:
        return self._not_negative("lost_amount")

    def clean_two_people_above(self) -> Any:
        return self._not_negative("two_people_above")

    def _not_negative(self, name: str) -> Any:
        amount = self.cleaned_data[name]
        if amount is not None and amount < 0:
            raise forms.ValidationError("An amount is not below zero.")
        return amount
