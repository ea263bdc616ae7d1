"""No field of a list's filter is drawn and then forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from core.forms import FilterForm

reverse("overview")  # with the addresses every page is loaded, and its form with it


def test_the_lists_with_filters_are_known() -> None:
    assert {form.__module__.split(".")[0] for form in FilterForm.__subclasses__()} >= {
        "orders",
        "providers",
    }


@pytest.mark.parametrize("form", FilterForm.__subclasses__(), ids=lambda form: form.__name__)
def test_every_field_of_every_filter_does_something(form: type[FilterForm[Any]]) -> None:
    idle = {
        name
        for name in form.base_fields.keys() - form.lookups.keys() - form.not_counted
        if not hasattr(form, f"narrow_{name}")
    }

    assert not idle


def test_the_button_of_a_filter_is_called_filter_everywhere() -> None:
    """Also where it is only for a browser without script."""
    templates = Path(settings.BASE_DIR) / "templates"
    drawn = {
        path.name: path.read_text(encoding="utf-8")
        for path in templates.rglob("*.html")
        if "{% filter_form " in path.read_text(encoding="utf-8")
    }
    assert len(drawn) >= 5
    for name, text in drawn.items():
        buttons = re.findall(r'<button class="btn[^>]*type="submit">(.*?)</button>', text)
        assert any('{% translate "Filter" %}' in words for words in buttons), name
        assert not re.search(r"\b(Narrow|Apply)\b", text), name
