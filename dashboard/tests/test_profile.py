"""What a person sets for themselves follows them to every browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from core.models import User
from core.preferences import Preferences
from core.roles import Role
from tests.builders import log_in, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

CHOSEN = {"theme": "dark", "density": "comfortable", "time_zone": "", "numbers": "point"}


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.OPERATOR)


def head_of(client: Client, address: str = "/") -> str:
    found = re.search(r"<html[^>]*>", client.get(address).content.decode())
    return found[0] if found else ""


def person_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_the_profile_is_kept_with_the_person_and_drawn_in_another_browser(staff: Client) -> None:
    assert staff.post("/profile/", CHOSEN).headers["Location"] == "/profile/"
    other = Client()
    log_in(other, person_of(staff))
    for address in ("/", "/profile/", "/no-such-page/"):
        head = head_of(other, address)
        assert 'data-bs-theme="dark"' in head and 'data-theme-choice="dark"' in head, address
        assert 'data-density="comfortable"' in head


def test_nobody_has_the_theme_of_somebody_else(staff: Client) -> None:
    staff.post("/profile/", CHOSEN)
    other = Client()
    log_in(other, make_user())
    assert "theme" not in head_of(other) and "theme" not in head_of(Client(), "/log-in/")


def test_a_theme_that_follows_the_system_is_not_decided_by_the_server(staff: Client) -> None:
    staff.post("/profile/", CHOSEN | {"theme": "auto"})
    assert 'data-theme-choice="auto"' in head_of(staff)
    assert "data-bs-theme" not in head_of(staff)


def test_the_menu_keeps_the_theme_and_nothing_else(staff: Client) -> None:
    staff.post("/profile/", CHOSEN)
    assert staff.post("/profile/theme/", {"theme": "light"}).status_code == 204
    assert person_of(staff).chosen == Preferences(theme="light", density="comfortable")
    assert staff.post("/profile/theme/", {"theme": "pink"}).status_code == 422
    assert person_of(staff).chosen.theme == "light"


def test_the_layout_of_the_list_and_the_profile_leave_each_other_alone(staff: Client) -> None:
    staff.post("/orders/layout/", {"columns": ["cost"], "density": "dense"})
    hidden = person_of(staff).chosen.hidden_columns
    staff.post("/profile/", CHOSEN)
    assert hidden and person_of(staff).chosen.hidden_columns == hidden
    staff.post("/orders/layout/", {"columns": ["cost"], "density": "dense"})
    assert person_of(staff).chosen.theme == "dark"


def test_a_choice_that_does_not_exist_is_refused(staff: Client) -> None:
    assert staff.post("/profile/", CHOSEN | {"density": "thin"}).status_code == 422
    assert person_of(staff).chosen == Preferences()


def test_what_was_chosen_costs_no_query(staff: Client) -> None:
    staff.get("/profile/")
    before = len(queries_of(lambda: staff.get("/profile/")))
    staff.post("/profile/", CHOSEN)
    staff.get("/profile/")
    assert len(queries_of(lambda: staff.get("/profile/"))) == before


def test_a_zone_that_does_not_exist_is_refused(staff: Client) -> None:
    answer = staff.post("/profile/", CHOSEN | {"time_zone": "Europe/Atlantis"})
    assert answer.status_code == 422 and person_of(staff).chosen == Preferences()


@pytest.mark.parametrize(
    ("first", "last", "initials"),
    [("Ana", "Lima", "AL"), ("Ana", "de Souza Lima", "AL"), ("ana", "", "AN"), ("", "", "KE")],
)
def test_initials_are_of_both_names(first: str, last: str, initials: str) -> None:
    assert User(username="kermit", first_name=first, last_name=last).initials == initials
