"""The pages of mass orders: paste, fix, place, follow."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from core.roles import Role
from orders.mass import batch_views, check_lines
from orders.mass.mass_order import digest_of_good
from orders.mass.tasks import place_batch
from orders.models import BatchState, Order, OrderBatch
from orders.status import Status
from providers.models import Service
from tests.builders import make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOSTILE = "'><script>alert(1)</script>"


@pytest.fixture
def manager(client):
    client.force_login(make_user(Role.MANAGER))
    return client


@pytest.fixture
def north():
    return make_provider(name="North", balance=Decimal("0.5"))


@pytest.fixture
def service(north):
    return make_service(north, external_id="12", rate=Decimal("1"), min=10, max=1000)


def check(client, text, **more) -> OrderBatch:
    answer = client.post("/orders/mass-orders/new/", {"text": text, **more})
    assert answer.status_code == 302, answer.content.decode()
    return OrderBatch.objects.latest("pk")


def text_of(answer) -> str:
    return str(answer.content.decode())


def test_a_dry_run_places_nothing_and_shows_costs_and_faults(manager, service):
    batch = check(manager, "12|https://a.example|400\n12|https://b.example|300\n12|c.example|5")
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/"))
    assert not Order.objects.exists()
    assert "Minimum is 10." in page
    assert "Place 2 orders" in page
    assert "$0.70" in page  # the cost, and with a balance of 0.50 it is 0.20 too much
    assert "-$0.20" in page.replace("−", "-")


def test_the_count_and_the_sum_stand_beside_the_button(manager, service):
    euros = make_provider(name="South", currency="EUR")
    make_service(euros, external_id="31", rate=Decimal("2"), min=10, max=1000)
    lines = ["12|https://a.example|400", "12|https://b.example|300", "31|https://c.example|500"]
    batch = check(manager, "\n".join(lines))
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/"))
    beside = page[page.index('id="batch-sum"') :].split("</span>")[0]
    words = re.sub(r"<[^>]+>|\s+", " ", beside).split(">", 1)[1]
    assert " ".join(words.split()) == "3 orders · €1.00 · $0.70 estimated"


def test_a_file_is_read_too(manager, service):
    file = SimpleUploadedFile("lines.csv", "service;link\n12;ä.example\n".encode("utf-16"))
    batch = check(manager, "", file=file)
    assert batch.lines.get().cells == {"service": "12", "link": "ä.example"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"text": ""}, "There are no lines in it."),
        ({"text": "service|colour\n1|red"}, "“colour”"),
        ({"file": SimpleUploadedFile("x", b"12|\xe4|3")}, "not UTF-8 text"),
        ({"file": SimpleUploadedFile("x", b"1|a|2\n" * 900_000)}, "more than 5 MB"),
        ({"text": "1|a|2", "file": SimpleUploadedFile("x", b"1|a|2")}, "Use lines or a file"),
    ],
    ids=["nothing", "unknown column", "not text", "too much", "both"],
)
def test_what_cannot_be_read_comes_back_with_what_was_typed(manager, typed, words):
    answer = manager.post("/orders/mass-orders/new/", {"name": "Spring", **typed})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="Spring"' in text_of(answer)
    assert not OrderBatch.objects.exists()


def test_a_line_is_fixed_in_place(manager, service):
    batch = check(manager, "12|https://a.example|5\n12|https://b.example|50")
    line = batch.lines.get(is_good=False)
    address = f"/orders/mass-orders/lines/{line.pk}/"
    still = manager.post(
        address,
        {"cell-service": "12", "cell-link": "https://a.example", "cell-quantity": "7"},
        headers={"HX-Request": "true"},
    )
    assert still.status_code == 422
    assert 'value="7"' in text_of(still)
    assert "<html" not in text_of(still)
    good = manager.post(
        address,
        {"cell-service": "12", "cell-link": "https://a.example", "cell-quantity": "70"},
        headers={"HX-Request": "true"},
    )
    assert (good.status_code, good.headers["HX-Trigger"]) == (200, "lines-changed")
    assert "can be placed" in text_of(good)
    batch.refresh_from_db()
    assert (batch.good, batch.wrong) == (2, 0)
    figures = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/figures/"))
    assert "Place 2 orders" in figures


def test_a_line_is_fixed_without_javascript(manager, service):
    batch = check(manager, "12|https://a.example|5")
    line = batch.lines.get()
    address = f"/orders/mass-orders/lines/{line.pk}/"
    wrong = manager.post(address, {"cell-service": "12", "cell-quantity": "50"})
    assert wrong.status_code == 422
    assert "<html" in text_of(wrong)
    right = manager.post(
        address, {"cell-service": "12", "cell-link": "a.example", "cell-quantity": "50"}
    )
    assert right.headers["Location"] == f"/orders/mass-orders/{batch.pk}/?tab=fix"


def test_a_repeated_line_is_placed_when_it_is_meant(manager, service):
    batch = check(manager, "12|a.example|50\n12|a.example|50\n12|a.example|50")
    line = batch.lines.filter(is_good=False).earliest("number")
    assert "Place anyway" in text_of(manager.get(f"/orders/mass-orders/{batch.pk}/?tab=fix"))
    cells = {f"cell-{name}": text for name, text in line.cells.items()}
    meant = {**cells, "is_meant": "yes", "told_of": line.told_of}
    manager.post(f"/orders/mass-orders/lines/{line.pk}/", meant)
    line.refresh_from_db()
    assert line.is_good
    address, page = f"/orders/mass-orders/{batch.pk}/check/", f"/orders/mass-orders/{batch.pk}/"
    assert "The repeated line is meant" in text_of(manager.get(page, {"tab": "fix"}))
    assert "Repeated lines changed" in text_of(
        manager.post(address, {"meant": "-", "all_meant": "yes"}, follow=True)
    )
    shown = manager.get(page, {"tab": "fix"}).context["repeated"]
    manager.post(address, {"meant": shown.digest, "all_meant": "yes"})
    batch.refresh_from_db()
    assert batch.good == 3


def test_two_repeated_lines_are_both_and_the_moment_is_that_of_the_paste(manager, service):
    batch = check(manager, "12|a.example|50\n12|a.example|50\n12|a.example|50")
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/?tab=fix"))
    assert "Both repeated lines are meant" in page and "Buy both lines once more" in page
    assert "3 lines, pasted " in page, "it is checked again later, and no row keeps when"


def test_a_line_with_an_error_tells_its_warnings_too(manager, service):
    batch = check(manager, "12|notalink|5")
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/?tab=fix"))
    [words] = batch.lines.get().warnings
    assert "Minimum is 10" in page and escape(words) in page


def test_place_follow_and_withdraw(manager, service, django_capture_on_commit_callbacks):
    batch = check(manager, "12|a.example|50\n12|b.example|50\n12|c.example|x")
    manager.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": digest_of_good(batch, None)})
    placing = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/"))
    assert "Stop, and withdraw" in placing
    assert "every 2s" in placing
    place_batch(batch_id=batch.pk)
    place_batch(batch_id=batch.pk)  # a bell that rings twice
    assert Order.objects.count() == 2
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/?tab=placed"))
    for order in batch.orders.all():
        assert f"/orders/{order.pk}/" in page
    manager.post(f"/orders/mass-orders/{batch.pk}/withdraw/?of={batch.shown}")
    assert set(batch.orders.values_list("status", flat=True)) == {Status.WITHDRAWN}
    still = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/figures/"))
    assert "every" not in still  # nothing moves any more


@pytest.mark.parametrize(
    ("status", "asks"), [(Status.UNCONFIRMED, True), (Status.COMPLETED, False)]
)
def test_the_page_asks_again_while_an_order_is_open_or_looked_for(manager, service, status, asks):
    batch = check(manager, f"{service.external_id} | https://lumen.example/p/1 | 100")
    make_order(status, service=service, batch=batch)
    OrderBatch.objects.filter(pk=batch.pk).update(state=BatchState.PLACED)
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/"))
    assert ("every 2s" in page) is asks


def test_the_same_paste_asks_before_it_buys_again(manager, service):
    first = check(manager, "12|a.example|50")
    manager.post(f"/orders/mass-orders/{first.pk}/place/", {"shown": digest_of_good(first, None)})
    place_batch(batch_id=first.pk)
    Order.objects.update(status=Status.WITHDRAWN)
    second = check(manager, "12 | a.example | 50\n")
    assert "placed before" in text_of(manager.get(f"/orders/mass-orders/{second.pk}/"))
    manager.post(
        f"/orders/mass-orders/{second.pk}/place/", {"shown": digest_of_good(second, first)}
    )
    second.refresh_from_db()
    assert second.state == BatchState.CHECKED
    manager.post(
        f"/orders/mass-orders/{second.pk}/place/",
        {"again": "yes", "shown": digest_of_good(second, first)},
    )
    second.refresh_from_db()
    assert second.state == BatchState.PLACING


def test_a_dry_run_is_discarded_and_a_placed_one_is_not(manager, service):
    batch = check(manager, "12|a.example|50")
    manager.post(f"/orders/mass-orders/{batch.pk}/discard/?of={batch.shown}")
    batch.refresh_from_db()
    assert batch.state == BatchState.DISCARDED
    manager.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": digest_of_good(batch, None)})
    batch.refresh_from_db()
    assert batch.state == BatchState.DISCARDED


def test_a_line_of_a_batch_being_placed_is_not_changed(manager, service):
    batch = check(manager, "12|a.example|50\n12|b.example|5")
    manager.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": digest_of_good(batch, None)})
    line = batch.lines.get(is_good=False)
    cells = {"cell-service": "12", "cell-link": "b.example", "cell-quantity": "50"}
    answer = manager.post(f"/orders/mass-orders/lines/{line.pk}/", cells)
    assert answer.status_code == 422
    assert "being placed" in text_of(answer)
    assert 'value="50"' in text_of(answer)  # what was typed is kept
    line.refresh_from_db()
    assert line.cells["quantity"] == "5"


def test_operators_place_one_at_a_time(client):
    client.force_login(make_user(Role.OPERATOR))
    assert client.get("/orders/mass-orders/new/").status_code == 403
    assert "/orders/mass-orders/" not in text_of(client.get("/orders/"))


def test_ten_lines_cost_as_many_queries_as_one(manager, service):
    small = check(manager, "12|a.example|50\n12|b.example|x")
    rows = "\n".join(f"12|s{n}.example|{50 if n % 2 else 'x'}" for n in range(20))
    large = check(manager, rows)
    for address in ("{}", "{}?tab=all", "{}figures/"):
        costs = []
        for batch in (small, large):
            page = partial(manager.get, address.format(f"/orders/mass-orders/{batch.pk}/"))
            costs.append(len(queries_of(page)))
        assert costs[0] == costs[1], address


def test_ten_batches_cost_as_many_queries_as_one(manager, service):
    check(manager, "12|a.example|50")
    one = queries_of(lambda: manager.get("/orders/mass-orders/"))
    for number in range(9):
        check(manager, f"12|s{number}.example|50")
    ten = queries_of(lambda: manager.get("/orders/mass-orders/"))
    assert len(ten) == len(one)


@pytest.mark.parametrize("tab", ["fix", "good", "all"])
def test_hostile_cells_stay_text(manager, north, tab):
    make_service(north, external_id="12", name=HOSTILE)
    batch = check(
        manager,
        f"12|https://a.example/{HOSTILE}|50\n{HOSTILE}|{HOSTILE}|{HOSTILE}|{HOSTILE}",
        name=HOSTILE,
    )
    page = text_of(manager.get(f"/orders/mass-orders/{batch.pk}/?tab={tab}"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_parts_are_in_the_page_as_they_are_swapped(manager, service):
    batch = check(manager, "12|a.example|50\n12|b.example|x")
    address = f"/orders/mass-orders/{batch.pk}/"
    whole = text_of(manager.get(address))
    for part in (
        manager.get(f"{address}figures/"),
        manager.get(address, headers={"HX-Request": "true"}),
    ):
        assert _still(text_of(part)) in _still(whole)


def _still(page: str) -> str:
    """Without tokens, which differ each time, and the counts that an answer brings along."""
    page = re.sub(r'<span[^>]*hx-swap-oob="true">[^<]*</span>', "", page)
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page).strip()


def test_lines_that_somebody_else_changed_meanwhile_are_looked_at_once_more(manager):
    service = make_service()
    manager.post(
        "/orders/mass-orders/new/", {"text": f"{service.external_id}|https://a.example/1|100"}
    )
    batch = OrderBatch.objects.get()
    shown = manager.get(f"/orders/mass-orders/{batch.pk}/").context["shown"]
    row = batch.lines.get()
    cells = {f"cell-{name}": text for name, text in row.cells.items()}
    manager.post(f"/orders/mass-orders/lines/{row.pk}/", cells | {"cell-quantity": "90000"})
    page = manager.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": shown}, follow=True)
    assert "Something changed after you opened this page" in page.content.decode()
    batch.refresh_from_db()
    assert batch.state == "checked"
    again = page.context["shown"]
    manager.post(f"/orders/mass-orders/{batch.pk}/place/", {"shown": again})
    batch.refresh_from_db()
    assert batch.state == "placing"


def test_a_line_that_is_fixed_while_all_are_checked_again_keeps_what_was_typed(
    manager, service, monkeypatch
):
    """Checking many lines takes seconds, and is about what they were when it began."""
    batch = check(manager, "12|https://a.example|400\n12|https://b.example|5")
    first, second = batch.lines.order_by("number")
    checked = check_lines.check

    def somebody_fixes_first(lines, *args, **more):
        typed = {"cell-service": "12", "cell-link": "https://c.example", "cell-quantity": "500"}
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(batch_views, "check", checked)
            manager.post(f"/orders/mass-orders/lines/{second.pk}/", typed)
        return checked(lines, *args, **more)

    monkeypatch.setattr(batch_views, "check", somebody_fixes_first)
    Service.objects.update(rate=Decimal("2"))
    manager.post(f"/orders/mass-orders/{batch.pk}/check/")
    first.refresh_from_db()
    second.refresh_from_db()
    batch.refresh_from_db()
    assert second.cells == {"service": "12", "link": "https://c.example", "quantity": "500"}
    assert (second.is_good, second.cost, batch.good) == (True, Decimal(1), 2)
    assert first.cost == Decimal("0.8"), "the others are checked"
