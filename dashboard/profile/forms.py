"""What a person may set for themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms

from core.forms import TablerForm
from core.preferences import DENSITIES, THEMES, Preferences
from core.regional.desk_days import desk_zone
from core.regional.numbers import LABELS
from core.regional.time_zones import choices


class ThemeForm(TablerForm, forms.Form):
    theme = forms.ChoiceField(label="Theme", choices=list(THEMES.items()), widget=forms.RadioSelect)


class ProfileForm(ThemeForm):
    numbers = forms.ChoiceField(
        label="Numbers",
        help_text="Exported files, and sentences that were written down before, keep 1,234.56.",
        choices=list(LABELS.items()),
        widget=forms.RadioSelect,
    )
    density = forms.ChoiceField(
        label="Rows of lists",
        help_text="Dense shows more orders on one screen.",
        choices=list(DENSITIES.items()),
        widget=forms.RadioSelect,
    )

    def __init__(self, chosen: Preferences, now: datetime, data: Any = None) -> None:
        initial = chosen.written() | {"theme": chosen.theme or "auto"}
        super().__init__(data, initial=initial)
        as_the_desk = ("", f"As the desk: {desk_zone()}")
        self.fields["time_zone"] = forms.ChoiceField(
            label="Time zone",
            required=False,
            help_text="Every time you see or type is in this zone. Days of filters, limits, "
            f"statements and figures stay those of the desk ({desk_zone()}). Exported files stay "
            "in UTC.",
            choices=[as_the_desk, *choices(now)],
        )

    def changed(self, chosen: Preferences) -> Preferences:
        """The person's choices with these in their place."""
        return replace(chosen, **self.cleaned_data)
