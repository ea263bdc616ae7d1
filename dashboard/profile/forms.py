"""What a person may set for themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms

from core.forms import TablerForm
from core.preferences import DENSITIES, THEMES, Preferences


class ThemeForm(TablerForm, forms.Form):
    theme = forms.ChoiceField(label="Theme", choices=list(THEMES.items()), widget=forms.RadioSelect)


class ProfileForm(ThemeForm):
    density = forms.ChoiceField(
        label="Rows of lists",
        help_text="Dense shows more orders on one screen.",
        choices=list(DENSITIES.items()),
        widget=forms.RadioSelect,
    )

    def __init__(self, chosen: Preferences, data: Any = None) -> None:
        initial = {name: getattr(chosen, name) for name in self.base_fields}
        super().__init__(data, initial=initial | {"theme": chosen.theme or "auto"})

    def changed(self, chosen: Preferences) -> Preferences:
        """The person's choices with these in their place."""
        return replace(chosen, **self.cleaned_data)
