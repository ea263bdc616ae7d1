"""A row of an account is deleted while somebody narrows the rules of the other, on real threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from core.roles import Role
from core.shown_fields import ChangedMeanwhile, word_of
from orders.models import Recovery
from orders.recovery.search.rules import change_rules
from providers.actions import deleting
from tests.builders import NOON, make_provider, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_a_limit_that_is_narrowed_meanwhile_is_not_widened_by_what_was_read_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Either it stands, or who narrowed it is told that it is another one by now."""
    unused = make_provider(url="https://panel.example/api/v2")
    kept = make_provider(url="https://PANEL.example/v2/")
    for account, limit in ((unused, 5), (kept, 9)):
        Recovery.objects.create(provider=account, two_people_above=limit)
    admin, read, told = make_user(Role.ADMIN), deleting._narrowest, list[Exception]()

    def narrow() -> None:
        shown = {"two_people_above": word_of(9)}
        try:
            change_rules(kept.pk, {"two_people_above": 2}, shown=shown, actor=admin, now=NOON)
        except ChangedMeanwhile as changed:
            told.append(changed)
        finally:
            connection.close()

    other = threading.Thread(target=narrow)

    def in_between(rows: Any) -> Any:
        limits = read(rows)
        other.start()
        other.join(1.5)  # where it has to wait for us it goes on afterwards
        return limits

    monkeypatch.setattr(deleting, "_narrowest", in_between)
    assert deleting.delete_provider(unused.pk, actor=admin) == ""
    other.join()
    stands = Recovery.objects.get(provider=kept).two_people_above
    assert stands == 2 or (told and stands == 5)
