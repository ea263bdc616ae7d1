"""Many orders at once: the confirmation, the job's page, who sees which job."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.models import User
from core.roles import Role
from orders.bulk import confirm_views as bulk_pages
from orders.bulk import tasks as bulk_tasks
from orders.bulk import views as job_pages
from orders.bulk.apply_step import LEFT_OUT, WAITS_ANEW
from orders.models import BulkItem, BulkJob, Order
from orders.status import HoldReason, JobKind, JobState, Status
from tests.builders import NOON, make_job, make_order, make_service, make_user
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

HOSTILE = "<img src=x onerror=alert(1)>"
POLLS = 'hx-trigger="every 2s"'


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs whose bell was rung."""
    bells: list[int] = []
    monkeypatch.setattr(bulk_tasks, "ring_job", bells.append)
    return bells


def me(browser: Client) -> User:
    return User.objects.get(pk=browser.session["_auth_user_id"])


def confirmation(browser: Client, query: str) -> dict[str, Any]:
    """What the form of the confirmation carries."""
    context = browser.get(f"/orders/bulk/?{query}").context
    names = ["chosen", "left_out", "left_unless_meant"]
    names += ["shown_orders", "shown_terms", "shown_cancels", "shown_refill_lines"]
    return {"form_key": str(context["form_key"])} | {name: context[name] for name in names}


def test_it_says_how_many_and_why_not(staff: Client) -> None:
    service = make_service(refill=True)
    make_order(Status.COMPLETED, service=service)
    for _ in range(3):
        make_order(Status.IN_PROGRESS, service=service)
    page = one_line(staff.get("/orders/bulk/?kind=refill&scope=all").content.decode())
    assert "Refill: 4 orders" in page and "Refill: 1 order<" in page
    assert "It is still running" in page
    figures = page[page.index("Can be done") :]
    assert ">1</div>" in figures and ">3</div>" in figures and ">3</td>" in figures
    assert not BulkJob.objects.exists()


def test_links_that_are_busy_are_counted_before_they_are_ordered_again(staff: Client) -> None:
    service = make_service()
    ended = make_order(Status.COMPLETED, service=service)
    make_order(Status.IN_PROGRESS, service=service, link_key=ended.link_key)
    make_order(Status.COMPLETED, service=service)
    page = staff.get("/orders/bulk/?kind=reorder&scope=all&status=completed")
    assert (page.context["seen"].possible, page.context["seen"].beside_open) == (2, 1)
    words = one_line(page.content.decode())
    assert "1 of those that can be done may be bought a second time. For the same service" in words
    assert "1 of them is bought once more, as a new order; with the box checked all 2." in words
    assert "Order again: 2 orders </button>" not in words  # it does not buy so many by itself
    ((_, alone),) = page.context["estimates_alone"]
    ((_, in_all),) = page.context["estimates"]
    assert in_all == 2 * alone > 0


def test_of_two_for_one_link_the_second_would_stand_beside_the_first_that_is_bought(staff: Client):
    service = make_service()
    earlier = [make_order(Status.COMPLETED, service=service, link_key="once") for _ in range(2)]
    page = staff.get("/orders/bulk/?kind=reorder&scope=all")
    seen = page.context["seen"]
    assert (seen.possible, seen.beside_open, seen.alone) == (2, 1, 1)
    assert sum(seen.estimates_alone.values()) == earlier[0].estimate
    assert "1 of them is bought once more" in one_line(page.content.decode())


def test_the_first_orders_of_which_it_cannot_be_done_are_named(staff: Client) -> None:
    left_out = [make_order(Status.COMPLETED) for _ in range(7)]
    words = one_line(staff.get("/orders/bulk/?kind=hold&scope=all").content.decode())
    assert all(f'href="/orders/{order.pk}/">#{order.pk}</a>' in words for order in left_out[:5])
    assert "and 2 more" in words and f"/orders/{left_out[5].pk}/" not in words


def test_confirming_starts_one_job_however_often_it_is_clicked(
    staff: Client, rung: list[int]
) -> None:
    picked = [make_order(Status.COMPLETED) for _ in range(2)]
    make_order(Status.COMPLETED)
    query = "kind=reorder&scope=picked&" + "&".join(f"order={order.pk}" for order in picked)
    form = confirmation(staff, query)
    answers = [staff.post(f"/orders/bulk/?{query}", form) for _ in range(3)]
    gone = "kind=reorder&scope=all&provider=7777777"  # what the filter named is there no more
    answers.append(staff.post(f"/orders/bulk/?{gone}", form))
    job = BulkJob.objects.get()
    assert {answer.headers["Location"] for answer in answers} == {f"/orders/bulk-actions/{job.pk}/"}
    assert rung == [job.pk]
    assert (job.kind, job.total, job.started_by) == (JobKind.REORDER, 2, me(staff))
    assert set(job.items.values_list("order", flat=True)) == {order.pk for order in picked}


def test_everything_that_matches_is_the_filter_and_no_more(staff: Client) -> None:
    wanted = [make_order(Status.IN_PROGRESS) for _ in range(3)]
    make_order(Status.COMPLETED)
    query = "kind=refresh&scope=all&status=in_progress"
    form = confirmation(staff, query)
    later = make_order(Status.IN_PROGRESS)
    staff.post(f"/orders/bulk/?{query}", form)
    fixed = set(BulkItem.objects.values_list("order", flat=True))
    assert fixed == {order.pk for order in wanted} and later.pk not in fixed


def test_exactly_the_orders_that_were_shown_are_done(staff: Client) -> None:
    """As many fit the filter as before, and yet they are others."""
    leaves = make_order(Status.COMPLETED)
    comes = make_order(Status.IN_PROGRESS)
    stays = make_order(Status.COMPLETED)
    query = "kind=note&scope=all&status=completed"
    form = confirmation(staff, query) | {"note": "Seen."}
    Order.objects.filter(pk=comes.pk).update(status=Status.COMPLETED)
    Order.objects.filter(pk=leaves.pk).update(status=Status.PARTIAL)
    staff.post(f"/orders/bulk/?{query}", form)
    fixed = BulkItem.objects.values_list("order", flat=True)
    assert sorted(fixed) == [leaves.pk, stays.pk]


def test_the_orders_stay_the_same_while_the_form_is_fixed(staff: Client) -> None:
    shown = make_order(Status.COMPLETED)
    query = "kind=note&scope=all&status=completed"
    form = confirmation(staff, query)
    make_order(Status.COMPLETED)
    refused = staff.post(f"/orders/bulk/?{query}", form)
    assert refused.status_code == 422
    assert refused.context["chosen"] == form["chosen"] == str(shown.pk)


def test_a_list_of_orders_without_end_is_not_read(staff: Client) -> None:
    make_order(Status.COMPLETED)
    query = "kind=refresh&scope=all"
    for text in ("1-999999999999999999", "1,", "x", "9-3"):
        answer = staff.post(f"/orders/bulk/?{query}", confirmation(staff, query) | {"chosen": text})
        assert answer.status_code == 422
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("scope=all", "Choose what"),
        ("kind=explode&scope=all", "Choose what"),
        ("kind=note&scope=picked", "Select at least one order"),
        ("kind=note&scope=picked&order=x&order=-1", "Select at least one order"),
        ("kind=note&scope=all&since=tomorrow", "From: This is not a date"),
        ("kind=cancel&scope=all&status=wrong", "Status: This choice does not exist"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_slip_never_means_everything(staff: Client, query: str, words: str, method: str) -> None:
    make_order()
    answer = getattr(staff, method)(f"/orders/bulk/?{query}", follow=True)
    assert words in answer.content.decode()
    assert not BulkJob.objects.exists()


def test_a_filter_that_finds_nothing_starts_nothing(staff: Client) -> None:
    make_order()
    answer = staff.get("/orders/bulk/?kind=note&scope=all&q=nothing-like-it", follow=True)
    assert b"No matching orders" in answer.content


def test_too_many_are_said_to_be_too_many(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_pages, "MOST", 2)
    for _ in range(3):
        make_order()
    page = staff.get("/orders/bulk/?kind=note&scope=all", follow=True).content.decode()
    assert "takes up to 2 orders" in page


def test_a_note_has_to_be_written_and_stays_in_the_form(staff: Client) -> None:
    make_order()
    query = "kind=note&scope=all"
    form = confirmation(staff, query)
    answer = staff.post(f"/orders/bulk/?{query}", form | {"note": " "})
    assert answer.status_code == 422 and form["form_key"] in answer.content.decode()
    long = "kept" * 200
    answer = staff.post(f"/orders/bulk/?{query}", form | {"note": long})
    assert answer.status_code == 422 and long in answer.content.decode()
    assert staff.post(f"/orders/bulk/?{query}", form).status_code == 422
    assert staff.post(f"/orders/bulk/?{query}", form | {"note": "Seen."}).status_code == 302
    assert BulkJob.objects.get().terms == {"note": "Seen."}


@pytest.mark.parametrize("kind", [JobKind.TAG, JobKind.UNTAG])
def test_tags_have_to_be_written_and_stay_in_the_form(staff: Client, kind: JobKind) -> None:
    make_order(tags=" old ")
    query = f"kind={kind}&scope=all"
    form = confirmation(staff, query)
    answer = staff.post(f"/orders/bulk/?{query}", form | {"tags": "a+b"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "a tag is made of letters" in page and "a+b" in page
    assert form["form_key"] in page
    assert staff.post(f"/orders/bulk/?{query}", form).status_code == 422
    assert staff.post(f"/orders/bulk/?{query}", form | {"tags": "#Spring"}).status_code == 302
    assert BulkJob.objects.get().terms == {"tags": " spring "}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (JobKind.HOLD, "waits until somebody releases it"),
        (JobKind.RELEASE, "although what it waited for may not have come"),
        (JobKind.WITHDRAW, "taken back and will not be sent"),
        (JobKind.REFERENCE, "2 have a reference already."),
        (JobKind.TAG, "added to those that each of them has"),
        (JobKind.UNTAG, "Other tags stay."),
    ],
)
def test_it_says_what_will_happen(staff: Client, kind: JobKind, words: str) -> None:
    make_order(Status.QUEUED, reference="A-1", tags=" old ")
    make_order(Status.HELD, hold_reason=HoldReason.FUNDS, reference="A-2", tags=" old ")
    page = one_line(staff.get(f"/orders/bulk/?kind={kind}&scope=all").content.decode())
    assert words in page


def test_releasing_says_what_they_wait_for_and_lets_go_of_that(
    staff: Client, rung: list[int]
) -> None:
    held = [make_order(Status.HELD, hold_reason=HoldReason.FUNDS) for _ in range(2)]
    doubted = make_order(Status.HELD, hold_reason=HoldReason.RESTORED)
    query = "kind=release&scope=all"
    answer = staff.get(f"/orders/bulk/?{query}")
    page = one_line(answer.content.decode())
    assert re.search(r'too low</td>\s*<td data-label="Orders" class="cell-end">2</td>', page)
    assert "1 of those that can be done may have been sent" in page
    form = confirmation(staff, query) | {"shown_holds": shown_holds(page)}
    staff.post(f"/orders/bulk/?{query}", form)
    job = BulkJob.objects.get()
    funds = f"{held[0].pk}-{held[1].pk}"
    assert job.terms == {"shown_holds": {"funds": funds, "restored": str(doubted.pk)}}
    assert rung == [job.pk]
    bulk_tasks.run_job(job_id=job.pk)
    left = Order.objects.filter(pk__in=[*(one.pk for one in held), doubted.pk])
    assert set(left.values_list("status", flat=True)) == {Status.QUEUED}


def shown_holds(page: str) -> str:
    shown: list[str] = re.findall('name="shown_holds" value="([^"]*)"', page)
    assert len(shown) == 1
    return shown[0]


@pytest.mark.parametrize("before", [Status.HELD, Status.QUEUED])
def test_an_order_is_not_released_from_what_another_one_was_confirmed_to_wait_for(
    staff: Client, before: Status
) -> None:
    """The page showed one that may have been sent. Another one, which waited for funds or could not
    be released, is held for the same since: nobody has looked whether it was sent."""
    doubted = make_order(Status.HELD, hold_reason=HoldReason.RESTORED)
    held = before == Status.HELD
    other = make_order(before, hold_reason=HoldReason.FUNDS if held else HoldReason.NONE)
    query = "kind=release&scope=all"
    page = staff.get(f"/orders/bulk/?{query}").content.decode()
    form = confirmation(staff, query) | {"shown_holds": shown_holds(page)}
    Order.objects.update(status=Status.HELD, hold_reason=HoldReason.RESTORED)
    staff.post(f"/orders/bulk/?{query}", form)
    bulk_tasks.run_job(job_id=BulkJob.objects.get().pk)
    items = dict(BulkJob.objects.get().items.values_list("order", "words"))
    assert items == {doubted.pk: "", other.pk: WAITS_ANEW if held else LEFT_OUT}
    assert Order.objects.get(pk=other.pk).hold_reason == HoldReason.RESTORED


@pytest.mark.parametrize("text", ["funds", "funds:", "funds:9-1", "new:1", ":1", "funds:1;", "1"])
def test_a_release_whose_holds_cannot_be_read_lets_nothing_go(staff: Client, text: str) -> None:
    make_order(Status.HELD, hold_reason=HoldReason.FUNDS)
    query = "kind=release&scope=all"
    form = confirmation(staff, query) | {"shown_holds": text}
    assert staff.post(f"/orders/bulk/?{query}", form).status_code == 422
    assert not BulkJob.objects.exists()


@pytest.mark.parametrize("form", [{}, {"form_key": "x", "chosen": "-"}])
def test_a_form_that_lost_its_form_key_is_drawn_anew(staff: Client, form: dict[str, str]) -> None:
    make_order()
    assert staff.post("/orders/bulk/?kind=refresh&scope=all", form).status_code == 422
    assert not BulkJob.objects.exists()


def test_exporting_a_selection_leads_to_the_file(staff: Client) -> None:
    order = make_order()
    make_order()
    answer = staff.get(f"/orders/bulk/?kind=export&scope=picked&order={order.pk}", follow=True)
    assert len(answer.getvalue().decode().splitlines()) == 2


def test_the_list_offers_it_with_its_filter(staff: Client) -> None:
    order = make_order()
    page = one_line(staff.get("/orders/?q=lumen&group=open&cursor=x").content.decode())
    bar = page[page.index('id="bulk-form"') :]
    assert '<input type="hidden" name="q" value="lumen">' in bar
    assert '<input type="hidden" name="group" value="open">' in bar and 'name="cursor"' not in bar
    assert f'name="order" value="{order.pk}" form="bulk-form"' in page
    assert 'href="/orders/export/?q=lumen&amp;group=open"' in page


def test_ordering_many_again_is_for_those_who_place_many(client_for_role: Any) -> None:
    make_order(Status.COMPLETED)
    operator = client_for_role(Role.OPERATOR)
    for method in (operator.get, operator.post):
        assert method("/orders/bulk/?kind=reorder&scope=all").status_code == 403
    assert 'value="reorder"' not in operator.get("/orders/").content.decode()
    assert 'value="release"' in operator.get("/orders/").content.decode()
    assert 'value="reorder"' in client_for_role(Role.MANAGER).get("/orders/").content.decode()


def test_viewers_are_offered_nothing(client_for_role: Any) -> None:
    make_order()
    page = client_for_role(Role.VIEWER).get("/orders/").content.decode()
    assert "bulk-form" not in page and "/orders/export/" not in page


def test_a_job_shows_each_order_and_falls_silent(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "database_now", lambda: NOON + timedelta(seconds=40))
    done, failed, left = make_order(), make_order(), make_order()
    job = make_job(done, failed, left, started_by=me(staff), kind=JobKind.CANCEL)
    BulkItem.objects.filter(order=done).update(ok=True)
    BulkItem.objects.filter(order=failed).update(ok=False, words="It has ended.")
    BulkJob.objects.update(done=1, failed=1, state=JobState.RUNNING)
    page = staff.get(f"/orders/bulk-actions/{job.pk}/").content.decode()
    assert POLLS in page and "2 of 3" in page and "waits for its turn" in page
    assert '<progress class="bar bar-wide bar-blue" value="2" max="3"' in one_line(page)
    assert re.search(r"the last step was made ?<time [^>]*2026-11-23T\d\d:00:00", one_line(page))
    assert "No worker was free. The next free" in one_line(page)
    part = staff.get(
        f"/orders/bulk-actions/{job.pk}/", headers={"HX-Request": "true"}
    ).content.decode()
    assert part.strip() in page
    shown = staff.get(f"/orders/bulk-actions/{job.pk}/?show=failed").content.decode()
    assert "It has ended." in shown and f'id="item-{job.items.get(order=done).pk}"' not in shown
    BulkJob.objects.update(state=JobState.DONE)
    ended = staff.get(f"/orders/bulk-actions/{job.pk}/").content.decode()
    assert POLLS not in ended and "no worker was free" not in ended


def test_what_was_done_for_no_order_is_not_called_done(staff: Client) -> None:
    job = make_job(make_order(), started_by=me(staff))
    BulkJob.objects.update(state=JobState.DONE, failed=1)
    address = f"/orders/bulk-actions/{job.pk}/"
    page, jobs = (
        one_line(staff.get(url).content.decode()) for url in (address, "/orders/bulk-actions/")
    )
    assert "0 of 1 done" in page and "bar-orange" in page and "bar-green" not in page
    assert "</span>Ended<" in page and "</span>Ended<" in jobs
    BulkJob.objects.update(done=1, failed=0)
    page = one_line(staff.get(address).content.decode())
    assert "bar-green" in page and "</span>Done<" in page and "1 of 1" in page


def test_stopping(staff: Client) -> None:
    job = make_job(make_order(), started_by=me(staff))
    staff.post(f"/orders/bulk-actions/{job.pk}/stop/?of={job.shown}")
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    page = staff.get(f"/orders/bulk-actions/{job.pk}/").content.decode()
    assert "left as it was" in page and POLLS not in page


def test_jobs_of_others_are_for_managers(client_for_role: Any) -> None:
    job = make_job(make_order(), started_by=make_user())
    operator, manager = client_for_role(Role.OPERATOR), client_for_role(Role.MANAGER)
    assert operator.get(f"/orders/bulk-actions/{job.pk}/").status_code == 404
    assert operator.post(f"/orders/bulk-actions/{job.pk}/stop/").status_code == 404
    assert f'id="job-{job.pk}"' not in operator.get("/orders/bulk-actions/").content.decode()
    assert f'id="job-{job.pk}"' in manager.get("/orders/bulk-actions/").content.decode()
    assert manager.get(f"/orders/bulk-actions/{job.pk}/").status_code == 200


@pytest.mark.usefixtures("watchdog_has_looked")
@pytest.mark.parametrize("address", ["/orders/bulk-actions/", "/orders/bulk-actions/{}/"])
def test_ten_rows_cost_what_one_row_costs(client_for_role: Any, address: str) -> None:
    manager = client_for_role(Role.MANAGER)
    job = make_job(make_order())
    address = address.format(job.pk)
    one = queries_of(lambda: manager.get(address))
    for _ in range(9):
        make_job()
        BulkItem.objects.create(job=job, order=make_order(), made=make_order(), ok=True)
    assert len(queries_of(lambda: manager.get(address))) == len(one)


def test_pages_of_a_job(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_pages, "PAGE_SIZE", 2)
    job = make_job(*(make_order() for _ in range(3)), started_by=me(staff))
    first = staff.get(f"/orders/bulk-actions/{job.pk}/").context["page"]
    rest = staff.get(f"/orders/bulk-actions/{job.pk}/", {"cursor": first.next}).context["page"]
    assert [len(first.rows), len(rest.rows)] == [2, 1]


def test_what_others_wrote_is_only_ever_text(staff: Client) -> None:
    order = make_order(service=make_service(name=HOSTILE), link=HOSTILE)
    job = make_job(order, started_by=me(staff), terms={"note": HOSTILE, "tags": HOSTILE})
    BulkItem.objects.update(ok=False, words=HOSTILE)
    page = staff.get(f"/orders/bulk-actions/{job.pk}/").content.decode()
    page = page[page.index('id="job-live"') :]
    assert "<img" not in page and page.count("&lt;img") >= 4


def test_a_form_key_of_another_job_leads_there(staff: Client) -> None:
    make_order()
    job = make_job(started_by=me(staff), form_key=uuid.uuid4())
    form = {"form_key": str(job.form_key), "chosen": "1"}
    answer = staff.post("/orders/bulk/?kind=refresh&scope=all", form)
    assert answer.headers["Location"] == f"/orders/bulk-actions/{job.pk}/"


def test_what_was_done_for_some_orders_alone_names_the_others(staff: Client) -> None:
    """Green and *Done* it said of eight orders of ten what was true of six."""
    orders = [make_order() for _ in range(9)]
    job = make_job(*orders, started_by=me(staff))
    left = orders[:7]
    BulkItem.objects.filter(order__in=left).update(ok=False, words="It has ended.")
    BulkItem.objects.exclude(order__in=left).update(ok=True)
    BulkJob.objects.update(state=JobState.DONE, done=2, failed=7)
    page, jobs = (
        one_line(staff.get(url).content.decode())
        for url in (f"/orders/bulk-actions/{job.pk}/", "/orders/bulk-actions/")
    )
    assert "</span>Done in part<" in page and "</span>Done in part<" in jobs
    assert "2 of 9 done" in page and "bar-orange" in page and "bar-green" not in page
    named = page[page.index("7 left as they are") : page.index("and others")]
    assert [f"/orders/{order.pk}/" in named for order in orders] == [True] * 5 + [False] * 4
