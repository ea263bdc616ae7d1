"""The page after a restore: what is found, who may decide, and that only then orders go."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core.roles import Role
from orders.models import Halt, Order, ReconcileRun, UnmatchedOrder
from orders.restores import compare_accounts
from orders.sending import halts
from orders.sending.restore_check import guard
from orders.shown import CHANGED
from orders.status import HaltKind, JobState, Outcome, Status
from providers.panel_api import Dialect, RecentOrder, Unavailable
from tests.builders import (
    NOON,
    make_attempt,
    make_journal_gap,
    make_order,
    make_provider,
    make_service,
    make_unmatched_order,
    make_user,
)
from tests.fake_provider import FakeProvider, progress
from tests.one_line import one_line
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
PAGE = "/orders/restored/"
MOST_QUERIES = 25  # with what the watchdog asks once in seconds, and the time of PostgreSQL
EVERYTHING = {"note": "The disk broke; restored from Monday.", "machines": "on", "sure": "on"}


class Listing(FakeProvider):
    """A provider that may have a list of our orders."""

    def __init__(self, *listed: RecentOrder, dialect: Dialect | None = None) -> None:
        super().__init__()
        self.listed = listed
        self.dialect = dialect or Dialect(recent_orders=bool(listed))

    def recent_orders(self) -> tuple[RecentOrder, ...]:
        return self.listed


def noon():
    return NOON


def close() -> Halt:
    halts.place_halt(HaltKind.RESTORED, now=NOON, reason="Attempt 7 is missing.")
    return Halt.objects.get(kind=HaltKind.RESTORED, lifted_at=None)


def known(account, external_id: str) -> Order:
    """An order of ours that the restored database still knows."""
    order = make_order(Status.COMPLETED, provider=account, external_id=external_id)
    make_attempt(order, outcome=Outcome.ACCEPTED, external_id=external_id)
    return order


def begin(halt: Halt) -> ReconcileRun:
    run = compare_accounts.start_run(halt, actor=make_user(Role.MANAGER), now=NOON)
    assert run is not None
    return run


def take(run: ReconcileRun) -> ReconcileRun:
    taken = compare_accounts.take_run(run.pk, now=NOON)
    assert taken is not None
    return taken


def run_through(halt: Halt, fake: Listing | None) -> ReconcileRun:
    run = begin(halt)
    assert not compare_accounts.compare_due(take(run), lambda provider: fake, clock=noon, seconds=5)
    return ReconcileRun.objects.get(pk=run.pk)


def fast_account(**over):
    return make_provider(calls_per_minute=60_000, **over)


def test_ids_after_the_newest_known_one_are_asked_about_and_unmatched_ones_listed():
    account, fake = fast_account(), Listing()
    for external_id in ("23400", "23410"):
        known(account, external_id)
    fake.says = {"23412": progress(charge="0.90"), "23711": progress()}
    run = run_through(close(), fake)
    asked = [one for batch in fake.asked for one in batch]
    assert asked == [str(number) for number in range(23411, 23711)]
    unmatched = UnmatchedOrder.objects.get()
    assert (unmatched.external_id, unmatched.charge) == ("23412", Decimal("0.90"))
    assert (run.state, run.handled, run.total) == (JobState.DONE, 1, 1)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (("b", "a"), "Its ids are no numbers."),
        (("20", "10"), "Its ids do not rise."),
        ((), "No id of this account is known here to ask from."),
    ],
)
def test_where_ids_prove_nothing_none_is_asked_about(ids, words):
    account, fake = fast_account(), Listing()
    for external_id in ids:
        known(account, external_id)
    run = run_through(close(), fake)
    assert fake.asked == []
    assert run.accounts[str(account.pk)]["words"] == words


def test_the_providers_own_list_is_read_where_it_has_one():
    account = fast_account()
    known(account, "10")
    fake = Listing(
        RecentOrder("10", progress()),
        RecentOrder("55", progress(charge="1"), link="https://lumen.example/p", quantity=100),
    )
    run_through(close(), fake)
    unmatched = UnmatchedOrder.objects.get()
    assert (unmatched.external_id, unmatched.link, unmatched.quantity) == (
        "55",
        "https://lumen.example/p",
        "100",
    )


def test_a_provider_that_cannot_be_asked_does_not_keep_the_run_from_ending():
    account, fake = fast_account(), Listing()
    known(account, "10")
    fake.down = Unavailable("down for maintenance")
    run = begin(close())
    moments = iter(range(0, 100_000, 1000))

    def clock():
        return NOON + timedelta(seconds=next(moments))

    compare_accounts.compare_due(take(run), lambda provider: fake, clock=clock, seconds=5)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert "down for maintenance" in run.accounts[str(account.pk)]["words"]


def test_an_account_without_a_key_is_said_to_have_none():
    account = make_provider(key="")
    run = run_through(close(), None)
    assert "key is missing" in run.accounts[str(account.pk)]["words"]


def test_a_batch_that_is_refused_as_a_whole_is_asked_in_smaller_ones():
    account, fake = fast_account(), Listing()
    known(account, "10")
    fake.poison = {"11"}
    fake.says = {"12": progress()}
    run = run_through(close(), fake)
    assert run.state == JobState.DONE
    assert run.accounts[str(account.pk)]["calls"] <= compare_accounts.MOST_CALLS


def test_a_run_that_lost_its_worker_is_gone_on_with_where_it_stood():
    first, second, fake = fast_account(), fast_account(), Listing()
    known(first, "10")
    known(second, "10")
    run = begin(close())
    taken = take(run)
    assert compare_accounts.take_run(run.pk, now=NOON) is None, "somebody holds it"
    assert compare_accounts.compare_due(taken, lambda provider: fake, clock=noon, seconds=0)
    assert not compare_accounts.compare_due(take(run), lambda provider: fake, clock=noon, seconds=5)
    asked = [one for batch in fake.asked for one in batch]
    assert len(asked) == 2 * compare_accounts.IDS_ASKED, "each id of each account once"


def test_there_is_one_run_at_a_time():
    halt, boss = close(), make_user(Role.MANAGER)
    assert compare_accounts.start_run(halt, actor=boss, now=NOON)
    assert compare_accounts.start_run(halt, actor=boss, now=NOON) is None


def test_without_an_ended_run_nothing_can_be_accepted(client_for_role):
    close()
    browser = client_for_role(Role.MANAGER)
    answer = browser.post(f"{PAGE}acknowledge/", EVERYTHING)
    assert answer.status_code == 422
    assert b"First a run has to come to its end." in answer.content
    browser.post(f"{PAGE}run/")
    assert browser.post(f"{PAGE}acknowledge/", EVERYTHING).status_code == 422
    assert Halt.objects.standing().exists()


def test_accepting_takes_words_and_opens_the_halt_for_good(client_for_role):
    run = run_through(close(), Listing())
    browser = client_for_role(Role.MANAGER)
    assert browser.post(f"{PAGE}acknowledge/", {"note": ""}).status_code == 422
    assert Halt.objects.standing().exists()
    assert browser.post(f"{PAGE}acknowledge/", EVERYTHING).status_code == 422, "of no page"
    assert browser.post(f"{PAGE}acknowledge/", EVERYTHING | seen(browser)).status_code == 302
    run.refresh_from_db()
    assert not Halt.objects.standing().exists()
    assert (run.note, run.database) == (EVERYTHING["note"], guard.database_identity())
    assert b"restored from Monday" in browser.get(PAGE).content
    assert not compare_accounts.acknowledge(run, actor=make_user(), note="again", now=NOON)


def seen(browser) -> dict[str, str]:
    """What the form to accept it carries of the lists of its page."""
    [word] = re.findall('name="shown" value="([^"]+)"', browser.get(PAGE).content.decode())
    return {"shown": word}


def another_run(halt: Halt) -> None:
    run_through(halt, Listing())


def one_more(halt: Halt) -> None:
    make_unmatched_order(halt=halt, external_id="777")


def one_known(halt: Halt) -> None:
    """Somebody has said which order of ours it is, and may be wrong."""
    UnmatchedOrder.objects.update(order=make_order(Status.UNCONFIRMED))


def a_gap(halt: Halt) -> None:
    make_journal_gap(make_provider(), halt=halt)


@pytest.mark.parametrize("change", [another_run, one_more, one_known, a_gap])
def test_it_is_accepted_only_with_the_lists_that_its_page_has_shown(client_for_role, change):
    halt, browser = close(), client_for_role(Role.MANAGER)
    make_unmatched_order(halt=halt, external_id="555")
    run_through(halt, Listing())
    shown = seen(browser)
    change(halt)
    answer = browser.post(f"{PAGE}acknowledge/", EVERYTHING | shown)
    assert answer.status_code == 422 and CHANGED in answer.content.decode()
    assert Halt.objects.standing().exists()
    assert browser.post(f"{PAGE}acknowledge/", EVERYTHING | seen(browser)).status_code == 302
    assert not Halt.objects.standing().exists()


def test_it_is_not_accepted_before_every_machine_that_sends_was_started(client_for_role):
    """One that is heard later had sent what another buys meanwhile: nothing here knows of it."""
    run_through(close(), Listing())
    browser = client_for_role(Role.MANAGER)
    said = {name: value for name, value in EVERYTHING.items() if name != "machines"}
    answer = browser.post(f"{PAGE}acknowledge/", said)
    assert answer.status_code == 422 and b"only its own disk knows" in answer.content
    assert Halt.objects.standing().exists()


def test_once_it_is_accepted_what_nobody_has_matched_is_listed_still(client_for_role):
    """Else what was bought and has no order here would stand nowhere any more."""
    halt = close()
    left = make_unmatched_order(halt=halt, link="https://lumen.example/left")
    waits = make_order(provider=left.provider, link=left.link)
    linked = make_order(Status.PENDING, provider=left.provider, external_id="777")
    make_unmatched_order(left.provider, halt=halt, external_id="777")
    make_unmatched_order(left.provider, halt=halt, external_id="778", order=linked)
    browser = client_for_role(Role.MANAGER)
    halts.lift_halt(HaltKind.RESTORED, now=NOON)
    answer = browser.get(PAGE)
    assert [one for one, *_ in answer.context["unmatched"]] == [left]
    assert f'value="{waits.pk}"' in answer.content.decode(), "what it could be is offered"
    browser.post(f"{PAGE}{left.pk}/order/", {"order": waits.pk})
    assert browser.get(PAGE).context["unmatched"] == []


def test_an_accepted_database_without_such_orders_has_no_list(client_for_role):
    assert "not known here</h2>" not in client_for_role(Role.MANAGER).get(PAGE).content.decode()


def test_a_unmatched_order_stands_beside_the_waiting_orders_it_could_be(client_for_role):
    service = make_service(make_provider())
    halt = close()
    fits = make_order(service=service)
    other_price = make_order(service=service, estimate=Decimal(7), estimate_high=Decimal(7))
    elsewhere = make_order()
    unmatched = make_unmatched_order(service.provider, halt=halt, charge=fits.estimate)
    page = client_for_role(Role.MANAGER).get(PAGE).content.decode()
    assert f'value="{fits.pk}"' in page
    assert f'value="{other_price.pk}"' not in page
    assert f'value="{elsewhere.pk}"' not in page
    assert unmatched.external_id in page
    assert f"waiting-{elsewhere.pk}" in page, "all that wait are listed below"


def test_where_the_link_is_told_it_decides(client_for_role):
    service = make_service(make_provider())
    halt = close()
    same_link, same_price = make_order(service=service), make_order(service=service)
    make_unmatched_order(
        service.provider, halt=halt, charge=same_price.estimate, link=same_link.link
    )
    page = client_for_role(Role.MANAGER).get(PAGE).content.decode()
    assert f'value="{same_link.pk}"' in page
    assert f'value="{same_price.pk}"' not in page


@pytest.mark.parametrize("status", [Status.QUEUED, Status.HELD, Status.NOT_PLACED])
def test_a_waiting_order_that_was_sent_becomes_unconfirmed_and_goes_to_be_resolved(
    client_for_role, status
):
    order = make_order(status)
    unmatched = make_unmatched_order(order.provider)
    browser = client_for_role(Role.MANAGER)
    answer = browser.post(f"{PAGE}{unmatched.pk}/order/", {"order": order.pk})
    assert answer.headers["Location"] == reverse("order-resolve", args=[order.pk])
    order.refresh_from_db()
    unmatched.refresh_from_db()
    assert (order.status, unmatched.order) == (Status.UNCONFIRMED, order)
    assert order.attempts.get().outcome == Outcome.UNKNOWN
    assert unmatched.external_id.encode() in browser.get(answer.headers["Location"]).content


def test_an_order_of_another_account_or_one_that_waits_no_more_is_not_taken(client_for_role):
    unmatched, elsewhere = make_unmatched_order(), make_order()
    ended = make_order(Status.COMPLETED, provider=unmatched.provider)
    browser = client_for_role(Role.MANAGER)
    address = f"{PAGE}{unmatched.pk}/order/"
    assert browser.post(address, {"order": elsewhere.pk}).status_code == 404
    assert browser.post(address, {"order": ended.pk}).headers["Location"] == PAGE
    assert browser.post(address, {"order": "x"}).headers["Location"] == PAGE
    elsewhere.refresh_from_db()
    assert elsewhere.status == Status.QUEUED
    assert not UnmatchedOrder.objects.exclude(order=None).exists()


def test_the_page_takes_as_many_queries_for_ten_rows_as_for_one(client_for_role):
    halt = close()
    service = make_service(make_provider())

    def one_more() -> None:
        make_order(service=service)
        make_unmatched_order(service.provider, halt=halt)

    browser = client_for_role(Role.MANAGER)
    one_more()
    first = queries_of(lambda: browser.get(PAGE))
    for _ in range(9):
        one_more()
    assert len(queries_of(lambda: browser.get(PAGE))) == len(first)
    assert len(first) <= MOST_QUERIES, first


def test_the_page_asks_again_only_while_the_run_goes_on(client_for_role):
    halt, browser = close(), client_for_role(Role.MANAGER)
    compare_accounts.start_run(halt, actor=make_user(Role.MANAGER), now=NOON)
    whole = browser.get(PAGE).content.decode()
    part = browser.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in part
    assert part.strip() in whole
    ReconcileRun.objects.update(state=JobState.DONE)
    assert b"every 2s" not in browser.get(PAGE).content


def test_the_overview_says_it_first(client_for_role):
    close()
    manager = client_for_role(Role.MANAGER).get("/").content.decode()
    assert "this is not the database we left" in manager
    assert PAGE in manager
    assert PAGE not in client_for_role(Role.OPERATOR).get("/").content.decode()


def test_what_a_provider_says_is_text(client_for_role):
    make_unmatched_order(status="<b>x</b>", link="javascript:alert(1)", service_id="<i>")
    page = client_for_role(Role.MANAGER).get(PAGE).content.decode()
    assert "<b>x</b>" not in page
    assert 'href="javascript' not in page


def test_a_run_that_could_not_ask_an_account_names_it_and_is_not_green(client_for_role):
    """What was sent to that one since stands in no list, and the database was accepted on it."""
    run_through(close(), Listing())
    ReconcileRun.objects.update(accounts={})
    asked, unasked = make_provider(name="Asked"), make_provider(name="Out of reach")
    stands = {str(asked.pk): {"done": True}, str(unasked.pk): {"done": True, "cut_short": True}}
    ReconcileRun.objects.update(accounts=stands, total=2)
    page = one_line(client_for_role(Role.MANAGER).get(PAGE).content.decode())
    assert "</span>Done in part<" in page and "1 of 2 accounts done" in page
    assert "bar-orange" in page and "bar-green" not in page
    named = page[page.index("Not asked to the end") :]
    assert "Out of reach" in named[: named.index("<table")]
    assert "Asked</bdi>" not in named[: named.index("<table")]
