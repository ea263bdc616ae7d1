"""The reference of order types is the table of them, whole."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from core.roles import Role
from providers.panel_api import PAYLOADS, OrderPayload
from providers.views.reference import KINDS, in_words

from .conftest import LogIn


@pytest.fixture
def page(client_for_role: LogIn) -> str:
    browser: Client = client_for_role(Role.VIEWER)
    return unescape(browser.get(reverse("order-types")).content.decode())


def test_every_type_of_the_table_is_on_the_page(page: str) -> None:
    sections = page.split("<section ")[1:]
    assert len(sections) == len(PAYLOADS)
    for section, payload in zip(sections, PAYLOADS.values(), strict=True):
        assert f">{payload.type_name}</h2>" in section
        assert payload.about and payload.about in section
        for ask in payload.asks().values():
            assert ask.label in section and f"<code>{ask.wire}</code>" in section
            assert KINDS[ask.kind] in section and ask.help in section
            assert all(words in section for _, words in ask.choices)
        for name, value in payload.example("1001", whole=True).wire().items():
            assert f"{name}={value}" in section


def test_the_list_leads_to_every_section(page: str) -> None:
    for payload in PAYLOADS.values():
        anchor = in_words(payload).anchor
        assert f'href="#{anchor}"' in page and f'id="{anchor}"' in page


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_needed_fields_are_those_without_which_there_is_no_order(
    payload: type[OrderPayload],
) -> None:
    needed = {field.wire for field in in_words(payload).fields if field.needed == "needed"}
    assert needed == {ask.wire for ask in payload.asks().values() if not ask.optional}


def test_the_page_is_in_the_navigation(page: str) -> None:
    assert f'href="{reverse("order-types")}"' in page
