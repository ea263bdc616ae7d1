"""The page of what may be ordered: rules are set by those who run the providers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from core.models import StaffChange
from core.roles import Role
from orders.limits import change_rules, views
from orders.models import BlockedLink, SpendLimit
from tests.builders import NOON, make_blocked_link, make_provider, make_user
from tests.drawn_forms import hidden_of, send
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOSTILE = '"><script>alert(1)</script>'

PAGE, LIMIT = "/orders/limits/", "/orders/limits/limit/"


@pytest.fixture
def manager(client):
    client.force_login(make_user(Role.MANAGER))
    return client


def test_a_pattern_is_added_and_removed_and_both_are_remembered(manager):
    manager.post("/orders/limits/block/", {"pattern": "bad.example", "reason": "asked"})
    rule = BlockedLink.objects.get()
    assert rule.added_by
    assert (rule.pattern, rule.reason, rule.added_by.role) == (
        "bad.example",
        "asked",
        Role.MANAGER,
    )
    page = manager.get("/orders/limits/?link=https://BAD.example/x").content.decode()
    assert "Blocked by" in page
    send(manager, f"/orders/limits/{rule.pk}/unblock/", {}, page=PAGE)
    assert not BlockedLink.objects.exists()
    said = [change.words for change in StaffChange.objects.order_by("pk")]
    assert said == ["blocked: asked", "no longer blocked"]
    page = manager.get("/orders/limits/?link=https://BAD.example/x").content.decode()
    assert "may be ordered for" in page
    assert "no longer blocked" in page


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("", "Fill this in"), ("*", "block every link"), ("twice.example", "on the list already")],
)
def test_a_pattern_that_makes_no_sense_comes_back(manager, pattern, words):
    make_blocked_link("twice.example")
    answer = manager.post("/orders/limits/block/", {"pattern": pattern, "reason": "kept words"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "kept words" in answer.content.decode()


def test_a_limit_is_set_changed_and_taken_away(manager):
    make_provider(currency="Eur")
    typed = {"role": "operator", "currency": "eur", "per_order": "1.5", "per_day": ""}
    manager.post("/orders/limits/limit/", typed)
    limit = SpendLimit.objects.get()
    assert (limit.currency, limit.per_order, limit.per_day) == ("Eur", Decimal("1.5"), None)
    send(manager, "/orders/limits/limit/", {**typed, "per_day": "20"}, page=PAGE)
    assert SpendLimit.objects.get().per_day == Decimal("20")
    ticked = {**typed, "per_order": "", "taken_away": "operator Eur per_order: 1.5, per_day: 20"}
    gone = send(manager, "/orders/limits/limit/", ticked, page=PAGE)
    assert "no limit in Eur" in gone.content.decode()
    assert not SpendLimit.objects.exists()
    assert StaffChange.objects.count() == 3


@pytest.mark.parametrize(("per_day", "is_taken"), [("50", False), ("100.5", True), ("", True)])
def test_a_limit_of_one_order_above_that_of_a_day_comes_back(manager, per_day, is_taken):
    make_provider(currency="USD")
    typed = {"role": "operator", "currency": "USD", "per_order": "100.50", "per_day": per_day}
    answer = send(manager, LIMIT, typed, page=PAGE)
    assert SpendLimit.objects.exists() == is_taken
    assert ("more than may be spent in one day" in answer.content.decode()) != is_taken


def test_a_limit_is_edited_from_its_row_and_its_change_is_told_in_words(manager, staff):
    for role in ("operator", "manager"):
        make_provider(currency="USD")
        SpendLimit.objects.create(role=role, currency="USD", per_order=100, per_day="500.5")
    limit = SpendLimit.objects.get(role="manager")
    address = f"{PAGE}?limit={limit.pk}#limit-form"
    assert f'href="{address}"' in manager.get(PAGE).content.decode()
    assert "?limit=" not in staff.get(PAGE).content.decode()
    form = manager.get(f"{PAGE}?limit={limit.pk}").context["limit_form"]
    fields = ("role", "currency", "per_order", "per_day")
    assert [form[name].value() for name in fields] == ["manager", "USD", "100", "500.5"]
    assert manager.get(f"{PAGE}?limit=x").context["limit_form"]["currency"].value() is None
    typed = {"role": "manager", "currency": "USD", "per_order": "99", "per_day": "500.5"}
    page = send(manager, LIMIT, typed, page=f"{PAGE}?limit={limit.pk}").content.decode()
    told = "<bdi>manager · USD</bdi>: <bdi>99 USD for one order, 500.5 USD in one day</bdi>"
    assert told in page and SpendLimit.objects.get(role="operator").per_order == 100


def test_two_empty_amounts_where_no_limit_was_set_are_said_to_change_nothing(manager):
    make_provider(currency="USD")
    typed = {"role": "operator", "currency": "USD", "per_order": "", "per_day": ""}
    page = send(manager, LIMIT, typed, page=PAGE).content.decode()
    assert "Nothing was changed: this role has no limit in USD" in page
    assert "any more" not in page and "alert-success" not in page
    assert not StaffChange.objects.exists()


@pytest.mark.parametrize(
    ("written", "emptied", "said"),
    [("per_order", "per_day", "$500.00 a day"), ("per_day", "per_order", "$100.00 for one order")],
)
def test_one_amount_that_is_left_empty_takes_the_other_limit_away_only_with_a_tick(
    manager, written, emptied, said
):
    make_provider(currency="USD")
    SpendLimit.objects.create(role="operator", currency="USD", per_order=100, per_day=500)
    stood = getattr(SpendLimit.objects.get(), emptied)
    typed = {"role": "operator", "currency": "USD", written: "50", emptied: ""}
    answer = send(manager, LIMIT, typed, page=PAGE)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'value="50"' in page
    assert f"{said} is set." in page and f"Take the limit of {said} away" in page
    row = SpendLimit.objects.get()
    assert (row.per_order, row.per_day) == (100, 500) and not StaffChange.objects.exists()
    tick = re.search(r'name="taken_away"[^>]*value="([^"]*)"', page)
    assert tick
    ticked = typed | {"taken_away": tick[1]} | hidden_of(page, LIMIT)
    SpendLimit.objects.update(**{emptied: 400})  # the tick was about another amount
    assert manager.post(LIMIT, ticked).status_code == 422
    assert getattr(SpendLimit.objects.get(), emptied) == 400
    SpendLimit.objects.update(**{emptied: stood})
    assert manager.post(LIMIT, ticked).status_code == 302
    row = SpendLimit.objects.get()
    assert (getattr(row, written), getattr(row, emptied)) == (50, None)


def test_a_tick_about_the_limit_of_one_amount_counts_for_no_other_limit(manager):
    make_provider(currency="USD")
    for role in ("operator", "manager"):
        SpendLimit.objects.create(role=role, currency="USD", per_order=100, per_day=500)
    typed = {"role": "manager", "currency": "USD", "per_order": "50", "per_day": ""}
    ticked = typed | {"taken_away": "operator USD per_day: 500"}
    assert send(manager, LIMIT, ticked, page=PAGE).status_code == 422
    assert SpendLimit.objects.filter(per_day=500).count() == 2


@pytest.mark.parametrize("per_order", [100, None])
def test_a_limit_is_taken_away_as_a_whole_only_with_a_tick_that_names_it(manager, per_order):
    make_provider(currency="USD")
    SpendLimit.objects.create(role="operator", currency="USD", per_order=per_order, per_day=500)
    typed = {"role": "operator", "currency": "USD", "per_order": "", "per_day": ""}
    answer = send(manager, LIMIT, typed, page=PAGE)
    page = answer.content.decode()
    said = "$500.00 a day" if per_order is None else "$100.00 for one order and $500.00 a day"
    assert answer.status_code == 422 and f"Take the limit of {said} away" in page
    assert SpendLimit.objects.get().per_day == 500
    tick = re.search(r'name="taken_away"[^>]*value="([^"]*)"', page)
    assert tick
    ticked = typed | {"taken_away": tick[1]} | hidden_of(page, LIMIT)
    SpendLimit.objects.update(per_day=400)  # the tick was about another amount
    assert manager.post(LIMIT, ticked).status_code == 422
    assert SpendLimit.objects.get().per_day == 400
    SpendLimit.objects.update(per_day=500)
    assert manager.post(LIMIT, ticked).status_code == 302
    assert not SpendLimit.objects.exists()


def test_a_limit_that_would_never_count_is_not_set(manager):
    make_provider(currency="USD")
    typed = {"role": "operator", "currency": "EURO", "per_order": "5", "per_day": "10"}
    answer = manager.post("/orders/limits/limit/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "would never count" in page
    assert 'value="EURO"' in page
    assert not SpendLimit.objects.exists()


def test_a_limit_is_set_in_every_currency_an_account_may_have(manager):
    make_provider(currency="U1")
    typed = {"role": "operator", "currency": "u1", "per_order": "5", "per_day": ""}
    manager.post("/orders/limits/limit/", typed)
    assert SpendLimit.objects.get().currency == "U1"


@pytest.mark.parametrize("amount", ["-1", "much", "1e400"])
def test_an_amount_that_is_none_comes_back(manager, amount):
    typed = {"role": "operator", "currency": "USD", "per_order": amount}
    answer = manager.post("/orders/limits/limit/", typed)
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.content.decode()


def test_operators_see_the_rules_and_change_none(client):
    client.force_login(make_user(Role.OPERATOR))
    rule = make_blocked_link()
    page = client.get("/orders/limits/").content.decode()
    assert rule.pattern in page
    assert "Unblock" not in page
    assert client.post(f"/orders/limits/{rule.pk}/unblock/").status_code == 403


def test_hostile_patterns_stay_text(manager):
    make_blocked_link(HOSTILE, reason=HOSTILE)
    page = manager.get(f"/orders/limits/?link={HOSTILE}").content.decode()
    assert "<script>alert" not in page


def test_ten_rules_cost_as_many_queries_as_one(manager):
    make_blocked_link(added_by=make_user())
    one = queries_of(lambda: manager.get("/orders/limits/"))
    for number in range(9):
        make_blocked_link(added_by=make_user())
        SpendLimit.objects.create(role="operator", currency=f"X{number}")
    ten = queries_of(lambda: manager.get("/orders/limits/"))
    assert len(ten) == len(one)


def test_a_rule_that_two_take_off_is_said_to_be_taken_off_once():
    person = make_user(Role.MANAGER)
    rule, same = make_blocked_link(), BlockedLink.objects.get()
    assert change_rules.unblock_links(rule, by=person)
    assert not change_rules.unblock_links(same, by=person)
    assert StaffChange.objects.filter(words="no longer blocked").count() == 1


def test_whoever_is_second_is_told_so(manager, monkeypatch):
    rule = make_blocked_link("bad.example")
    for name in ("block_links", "unblock_links"):
        monkeypatch.setattr(views, name, lambda *args, **kwargs: False)
    pattern = {"pattern": "other.example", "reason": ""}
    blocked = manager.post("/orders/limits/block/", pattern, follow=True).content.decode()
    assert "had been blocked already" in blocked
    freed = send(manager, f"/orders/limits/{rule.pk}/unblock/", {}, page=PAGE).content.decode()
    assert "was not blocked any more" in freed


def test_a_pattern_that_two_put_on_the_list_is_on_it_once():
    """The second has looked at the list before the first wrote."""
    person = make_user(Role.MANAGER)
    assert change_rules.block_links("bad.example", reason="first", by=person, now=NOON)
    assert not change_rules.block_links("bad.example", reason="second", by=person, now=NOON)
    assert BlockedLink.objects.get().reason == "first"
    assert StaffChange.objects.count() == 1
