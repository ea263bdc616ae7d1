"""What stands on the page of new orders before a word is typed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from django.test import Client
from django.utils.html import escape

from core.models import User
from orders.models import FavouriteService, Recipe
from orders.models import saved as kept_rows
from orders.placing import service_picker
from tests.builders import make_order, make_recipe, make_service
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def person_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def names(client: Client, group: str) -> list[str]:
    return [choice.service.name for choice in client.get("/orders/new/").context[group]]


def test_favourites_are_kept_and_taken_out(staff: Client) -> None:
    service = make_service(name="Video plays")
    for _ in range(2):
        staff.post(f"/orders/new/favourites/{service.pk}/", {"keep": "yes"})
    assert names(staff, "favourites") == ["Video plays"]
    answer = staff.post(f"/orders/new/favourites/{service.pk}/", {"back": "form"})
    assert answer.headers["Location"] == f"/orders/new/?service={service.pk}"
    assert names(staff, "favourites") == []


def test_one_favourite_too_many_is_said(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_picker, "MOST_FAVOURITES", 1)
    for service in (make_service(), make_service()):
        staff.post(f"/orders/new/favourites/{service.pk}/", {"keep": "yes"})
    assert FavouriteService.objects.count() == 1
    assert "You have 1 favourites" in staff.get("/orders/new/").content.decode()
    address = f"/orders/new/favourites/{make_service().pk}/"
    answer = staff.post(address, {"keep": "yes"}, headers={"HX-Request": "true"})
    assert "You have 1 favourites" in answer.headers["HX-Trigger"]


def test_what_one_ordered_last_stands_first_and_once(staff: Client) -> None:
    first, second, foreign = (make_service(name=name) for name in ("first", "second", "foreign"))
    for service in (first, second, first):
        make_order(service=service, placed_by=person_of(staff))
    make_order(service=foreign)
    assert names(staff, "last_used") == ["first", "second"]


def test_a_recipe_keeps_the_form_but_for_its_link(staff: Client) -> None:
    service = make_service(dripfeed=True)
    filled = {
        "service": service.pk,
        "link": "https://lumen.example/a",
        "quantity": "700",
        "runs": "3",
        "interval": "60",
        "recipe_name": " Three times ",
    }
    for _ in range(2):
        answer = staff.post(f"/orders/new/recipes/{service.pk}/", filled)
    recipe = Recipe.objects.get()
    assert (recipe.name, recipe.person) == ("Three times", person_of(staff))
    assert recipe.values == {"quantity": "700", "runs": "3", "interval": "60"}
    form = staff.get(answer.headers["Location"]).context["form"]
    assert [form[name].value() for name in ("quantity", "runs", "link")] == ["700", "3", None]
    assert form.has_options
    assert "Three times" in staff.get("/orders/new/").content.decode()


def test_a_recipe_is_found_by_its_number_and_by_its_words(staff: Client) -> None:
    for name in ("Plays, many", "Plays, some", "Reads 2"):
        make_recipe(person_of(staff), name=name)

    def found(words: str) -> list[tuple[int, str]]:
        recipes = staff.get("/orders/new/", {"q": words}).context["recipes"]
        return [(number, recipe.name) for number, recipe in recipes]

    assert found("2") == [(2, "Plays, some"), (3, "Reads 2")]
    assert found("PLAYS ma") == [(1, "Plays, many")]
    assert found("") == [(1, "Plays, many"), (2, "Plays, some"), (3, "Reads 2")]
    assert found("145") == []


def test_a_service_of_just_this_id_stands_first(staff: Client) -> None:
    for category, number in (("A", "1450"), ("B", "145"), ("C", "2145")):
        make_service(category=category, external_id=number)
    found = staff.get("/orders/new/?q=145").context["found"]
    assert [choice.service.external_id for choice in found] == ["145", "1450", "2145"]


def test_what_is_kept_beside_an_order_leaves_the_order_alone(staff: Client) -> None:
    service, htmx = make_service(), {"HX-Request": "true"}
    answer = staff.post(f"/orders/new/favourites/{service.pk}/", {"keep": "yes"}, headers=htmx)
    assert "Take " in answer.content.decode()
    more = {"keep": "yes", "back": "form"}
    answer = staff.post(f"/orders/new/favourites/{service.pk}/", more, headers=htmx)
    assert "★ Favourite" in answer.content.decode()
    named = {"service": service.pk, "quantity": "700", "recipe_name": "x"}
    answer = staff.post(f"/orders/new/recipes/{service.pk}/", named, headers=htmx)
    assert (answer.status_code, "is saved" in answer.headers["HX-Trigger"]) == (200, True)
    answer = staff.post(f"/orders/new/recipes/{service.pk}/", {}, headers=htmx)
    assert answer.status_code == 422
    assert "Give it a name" in answer.content.decode()


@pytest.mark.parametrize(
    ("over", "said"),
    [({"recipe_name": " "}, "Give it a name"), ({"recipe_name": "x"}, "no longer offers")],
)
def test_a_recipe_that_cannot_be_kept_says_why(
    staff: Client, over: dict[str, Any], said: str
) -> None:
    service = make_service(gone_at="2026-11-23T12:00Z" if over["recipe_name"] == "x" else None)
    staff.post(f"/orders/new/recipes/{service.pk}/", {"service": service.pk, **over})
    assert not Recipe.objects.exists()
    assert said in one_line(staff.get("/orders/new/").content.decode())


def test_there_is_an_end_to_keeping_recipes(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "MOST_KEPT", 1)
    service = make_service()
    for name in ("One", "Two", "One"):
        staff.post(f"/orders/new/recipes/{service.pk}/", {"recipe_name": name, "quantity": "9"})
    assert Recipe.objects.get().name == "One"


def test_recipes_are_ones_own(staff: Client) -> None:
    recipe = make_recipe()
    assert staff.get(f"/orders/new/?recipe={recipe.pk}").status_code == 404
    assert staff.post(f"/orders/new/recipes/{recipe.pk}/delete/").status_code == 404
    own = make_recipe(person_of(staff))
    assert staff.post(f"/orders/new/recipes/{own.pk}/delete/").status_code == 302
    assert list(Recipe.objects.all()) == [recipe]


def test_a_provider_that_keeps_orders_waiting_is_marked(staff: Client) -> None:
    service = make_service(name="plays")
    service.provider.state = "paused"
    service.provider.save(update_fields=["state"])
    (choice,) = staff.get("/orders/new/?q=plays").context["found"]
    assert choice.trouble


def test_ten_favourites_cost_what_one_costs(staff: Client) -> None:
    def keep() -> None:
        service = make_service()
        FavouriteService.objects.create(person=person_of(staff), service=service)
        make_recipe(person_of(staff), service=service)
        make_order(service=service, placed_by=person_of(staff))

    keep()
    one = queries_of(lambda: staff.get("/orders/new/"))
    for _ in range(9):
        keep()
    assert len(queries_of(lambda: staff.get("/orders/new/"))) == len(one)


def test_a_link_is_taken_along_to_the_form_of_the_service_and_is_only_ever_text(
    staff: Client,
) -> None:
    service = make_service(name="Website visits")
    link = 'https://lumen.example/?a=1&b="><b>'
    page = staff.get("/orders/new/", {"q": "visits", "link": link}).content.decode()
    way = f"/orders/new/?service={service.pk}&link={quote_plus(link)}"
    assert f'href="{escape(way)}"' in page and "><b>" not in page
    answer = staff.get(way)
    assert answer.context["form"]["link"].value() == link
    assert "><b>" not in answer.content.decode()
    plain = staff.get("/orders/new/", {"q": "visits"}).content.decode()
    assert f'href="/orders/new/?service={service.pk}"' in plain and "Taken along" not in plain
