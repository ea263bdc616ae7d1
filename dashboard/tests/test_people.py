"""Adding people, changing what they may do, and never losing the last admin."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.test import Client

from core.models import StaffChange, User
from core.roles import Role
from dashboard.people import changing
from tests.builders import PASSWORD, make_user
from tests.drawn_forms import send
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def admin() -> User:
    return make_user(Role.ADMIN, username="ada")


def new_person(**over: Any) -> dict[str, Any]:
    return {
        "username": "nora",
        "first_name": "Nora",
        "last_name": "",
        "role": "operator",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **over,
    }


def test_a_new_person_can_log_in_with_their_role(admin: User) -> None:
    browser_of(admin).post("/people/new/", new_person())
    nora = User.objects.get(username="nora")
    assert nora.role is Role.OPERATOR
    assert Client().post("/log-in/", {"username": "nora", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    "flaw",
    [
        {"username": "ADA"},
        {"role": "owner"},
        {"password1": "123456789012", "password2": "123456789012"},
        {"password2": "something else entirely"},
    ],
    ids=["name taken but for its case", "no such role", "all digits", "not the same twice"],
)
def test_a_flawed_form_adds_nobody(admin: User, flaw: dict[str, str]) -> None:
    response = browser_of(admin).post("/people/new/", new_person(**flaw))
    assert response.status_code == 422
    assert list(User.objects.all()) == [admin]


def test_extra_fields_are_not_taken(admin: User) -> None:
    browser_of(admin).post("/people/new/", new_person(is_superuser="on", is_staff="on"))
    nora = User.objects.get(username="nora")
    assert not nora.is_superuser and not nora.is_staff


def test_a_role_changes_at_once(admin: User) -> None:
    person = make_user(Role.VIEWER)
    theirs = browser_of(person)
    assert theirs.get("/people/").status_code == 403
    send(browser_of(admin), f"/people/{person.pk}/", {"role": "admin", "is_active": "on"})
    assert theirs.get("/people/").status_code == 200


def test_somebody_let_go_is_out_at_once_and_stays_out_of_that_session(admin: User) -> None:
    person = make_user(Role.VIEWER)
    theirs, ours = browser_of(person), browser_of(admin)
    send(ours, f"/people/{person.pk}/", {"role": "viewer"})
    assert theirs.get("/").status_code == 302
    send(ours, f"/people/{person.pk}/", {"role": "viewer", "is_active": "on"})
    assert theirs.get("/").status_code == 302
    assert ours.get("/").status_code == 200


@pytest.mark.parametrize(
    "answer",
    [{"role": "manager", "is_active": "on"}, {"role": "admin"}],
    ids=["demoted", "locked out"],
)
def test_nobody_takes_the_keys_from_themselves(admin: User, answer: dict[str, str]) -> None:
    response = send(browser_of(admin), f"/people/{admin.pk}/", answer)
    assert response.status_code == 422
    assert b"Ask another admin" in response.content
    left = User.objects.get(pk=admin.pk)
    assert left.is_active and left.role is Role.ADMIN


def test_of_two_admins_who_demote_each_other_one_stays(admin: User) -> None:
    other = make_user(Role.ADMIN)
    payload: dict[str, Any] = {
        "first_name": "",
        "last_name": "",
        "role": Role.VIEWER,
        "is_active": True,
    }
    changing.change_person(other, **payload, actor=admin)
    with pytest.raises(changing.NoLongerAdmin):
        changing.change_person(admin, **payload, actor=other)
    assert User.objects.get(pk=admin.pk).role is Role.ADMIN


def test_a_password_set_by_an_admin_ends_the_sessions(admin: User) -> None:
    person = make_user(Role.VIEWER, password=PASSWORD)
    theirs, new = browser_of(person), "another-good-long-phrase"
    page = f"/people/{person.pk}/password/"
    send(browser_of(admin), page, {"new_password1": new, "new_password2": new})
    assert theirs.get("/").status_code == 302
    assert User.objects.get(pk=person.pk).check_password(new)


def test_ones_own_password_asks_for_the_old_one(admin: User) -> None:
    response = browser_of(admin).get(f"/people/{admin.pk}/password/")
    assert response.headers["Location"] == "/password/"


def test_every_change_is_written_down_and_no_password_with_it(admin: User) -> None:
    ours = browser_of(admin)
    ours.post("/people/new/", new_person())
    nora = User.objects.get(username="nora")
    send(ours, f"/people/{nora.pk}/", {"role": "manager"})
    send(
        ours,
        f"/people/{nora.pk}/password/",
        {"new_password1": "x" * 5 + PASSWORD, "new_password2": "x" * 5 + PASSWORD},
    )
    words = StaffChange.objects.order_by("pk").values_list("words", "actor__username")
    assert list(words) == [
        ("added as operator", "ada"),
        ("role manager, may not log in", "ada"),
        ("password set", "ada"),
    ]


@pytest.mark.usefixtures("watchdog_has_looked")
def test_twenty_people_cost_what_one_costs(admin: User) -> None:
    ours = browser_of(admin)
    one = queries_of(lambda: ours.get("/people/"))
    for _ in range(20):
        make_user(Role.VIEWER)
    many = queries_of(lambda: ours.get("/people/"))
    assert len(many) == len(one)


def test_a_name_with_markup_is_text(admin: User) -> None:
    make_user(Role.VIEWER, first_name="<script>alert(1)</script>")
    assert b"<script>alert" not in browser_of(admin).get("/people/").content


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"password1": "short", "password2": "short"}, "password1", "at least 12 characters"),
        ({"password1": "123456789012", "password2": "123456789012"}, "password1", "only digits"),
        ({"password2": "something else entirely"}, "password2", "The two passwords differ"),
        ({"username": "two words"}, "username", "without spaces"),
        ({"username": "ADA"}, "username", "Another person has this username"),
        ({"username": ""}, "username", "Fill this in"),
    ],
)
def test_what_is_wrong_with_a_new_person_is_said_in_own_words_beside_it(
    admin: User, typed: dict[str, str], field: str, words: str
) -> None:
    answer = browser_of(admin).post("/people/new/", new_person(**typed))
    errors = answer.context["form"].errors
    assert list(errors) == [field] and words in str(errors[field])


def test_who_changed_what_is_read_on_the_pages_of_people(admin: User) -> None:
    ours = browser_of(admin)
    ours.post("/people/new/", new_person())
    nora, other = User.objects.get(username="nora"), make_user(Role.VIEWER)
    send(ours, f"/people/{nora.pk}/", {"role": "manager", "is_active": "on"})
    send(ours, f"/people/{other.pk}/", {"role": "operator", "is_active": "on"})
    for page in ("/people/", f"/people/{nora.pk}/"):
        told = ours.get(page).content.decode()
        assert told.index("role manager") < told.index("added as operator"), "newest first"
    assert "role operator" in ours.get("/people/").content.decode()
    assert "role operator" not in ours.get(f"/people/{nora.pk}/").content.decode()


def test_what_people_changed_is_added_to_and_never_edited(admin: User) -> None:
    change = StaffChange.objects.write_down(admin, "role admin", by=admin)
    change.words = "nothing"
    with pytest.raises(TypeError, match="added to, never edited"):
        change.save()
    with pytest.raises(TypeError, match="added to, never edited"):
        change.delete()


@pytest.mark.usefixtures("watchdog_has_looked")
def test_twenty_changes_cost_what_one_costs(admin: User) -> None:
    ours = browser_of(admin)

    def queries() -> list[int]:
        pages = ("/people/", f"/people/{admin.pk}/")
        return [len(queries_of(partial(ours.get, page))) for page in pages]

    StaffChange.objects.write_down(admin, "role admin", by=admin)
    one = queries()
    for _ in range(19):
        StaffChange.objects.write_down(admin, "role admin", by=make_user(Role.ADMIN))
    assert queries() == one
