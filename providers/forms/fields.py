"""Fields that forms of more than one room have."""

from __future__ import annotations

from typing import Any

from django import forms

from ..models import Provider


def provider_field(**more: Any) -> forms.ModelChoiceField[Provider]:
    """Which account; empty for all."""
    rows = Provider.objects.order_by("name", "pk")
    usual: dict[str, Any] = {"required": False, "empty_label": "Any provider"}
    return forms.ModelChoiceField(rows, label="Provider", **usual | more)
