"""No field of a list's filter is drawn and then forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from core.forms import FilterForm
from core.roles import Role

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


@pytest.mark.django_db
@pytest.mark.services
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("orders", "Status"),
        ("refills", "Status"),
        ("services", "Provider"),
        ("service-changes", "Provider"),
        ("discrepancies", "Provider"),
    ],
)
def test_a_choice_that_is_gone_is_told_above_the_list(
    client_for_role: Any, name: str, field: str
) -> None:
    """As an address that was kept names it: a red field says neither why nor what is shown."""
    admin: Client = client_for_role(Role.ADMIN)
    page = admin.get(f"{reverse(name)}?{field.lower()}=404").content.decode()
    words = f"{field}: This choice does not exist, or no longer. The list is shown without it."
    assert words in " ".join(page.split())
