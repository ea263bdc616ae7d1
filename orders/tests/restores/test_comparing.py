"""The run that compares: accounts that break, wait or never end, and runs that change hands."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from core.roles import Role
from orders.models import Order, ReconcileRun, Recovery, UnmatchedOrder
from orders.restores import compare_accounts, tasks
from orders.sending import halts
from orders.status import HaltKind, JobState
from orders.tests.restores.test_restored_pages import (
    EVERYTHING,
    PAGE,
    Listing,
    begin,
    close,
    fast_account,
    known,
    noon,
    run_through,
    take,
)
from providers.actions import calling
from providers.actions.calling import MustWait
from providers.models import Provider
from tests.builders import NOON, make_provider, make_unmatched_order, make_user
from tests.fake_provider import progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]


class Broken(Listing):
    """Whoever asks it is raised this."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def statuses_once(self, order_ids):
        raise self.error


def words_of(run: ReconcileRun, account) -> str:
    return str(run.accounts[str(account.pk)]["words"])


def test_an_account_that_breaks_us_does_not_keep_the_others_from_being_compared():
    poison, sound = fast_account(), fast_account()
    known(poison, "100")
    known(sound, "200")
    fake = Listing()
    fake.says = {"201": progress()}
    clients = {poison.pk: Broken(ValueError("a fault of ours")), sound.pk: fake}
    run = begin(close())
    compare_accounts.compare_due(take(run), lambda one: clients[one.pk], clock=noon, seconds=5)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert words_of(run, poison) == "The desk made a mistake with it; its log says more."
    assert UnmatchedOrder.objects.get().external_id == "201"


def test_a_database_that_is_away_is_no_mistake_with_the_account():
    known(fast_account(), "100")
    run, away = begin(close()), Broken(OperationalError("gone"))
    with pytest.raises(OperationalError):
        compare_accounts.compare_due(take(run), lambda one: away, clock=noon, seconds=5)
    run.refresh_from_db()
    assert run.state == JobState.RUNNING, "somebody goes on with it once its lease is over"


def test_an_account_that_must_wait_is_asked_later_and_it_counts_as_no_call(monkeypatch):
    account, waits = fast_account(), [MustWait(0.0)]
    known(account, "100")
    real = calling.ask

    def ask(*args, **kwargs):
        if waits:
            raise waits.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(compare_accounts, "ask", ask)
    fake = Listing()
    run = run_through(close(), fake)
    assert run.accounts[str(account.pk)]["calls"] == len(fake.asked) + 1, "the last asks nothing"
    assert run.accounts[str(account.pk)]["asked"] == compare_accounts.IDS_ASKED


def test_an_account_is_not_asked_for_ever(monkeypatch):
    account, fake = fast_account(), Listing()
    known(account, "100")
    monkeypatch.setattr(compare_accounts, "MOST_CALLS", 1)
    run = run_through(close(), fake)
    assert (words_of(run, account), len(fake.asked)) == ("Stopped after 1 calls.", 1)


def test_where_asking_for_ids_is_switched_off_none_is_asked_about():
    account, fake = fast_account(), Listing()
    known(account, "100")
    Recovery.objects.create(provider=account, enabled=False)
    run = run_through(close(), fake)
    assert (words_of(run, account), fake.asked) == (
        "Asking for ids is switched off for this account.",
        [],
    )


def test_an_account_that_was_moved_is_not_asked_by_old_numbers_before_its_catalog_is_read():
    """Under them others may stand at the new address, or none."""
    account, fake, halt = fast_account(), Listing(), close()
    known(account, "100")
    sent = make_unmatched_order(account, halt=halt, external_id="555", status="")
    Provider.objects.filter(pk=account.pk).update(moved_at=NOON)
    run = run_through(halt, fake)
    sent.refresh_from_db()
    assert (fake.asked, sent.status) == ([], "")
    assert "catalog" in words_of(run, account) and run.accounts[str(account.pk)]["cut_short"]


def test_what_this_machine_had_sent_is_asked_about_first():
    account, fake, halt = fast_account(), Listing(), close()
    sent = make_unmatched_order(account, halt=halt, external_id="555", status="")
    run_through(halt, fake)
    sent.refresh_from_db()
    assert (fake.asked, sent.status) == ([["555"]], "not known there")


def test_a_run_that_another_worker_has_by_now_is_left_to_it():
    account, fake = fast_account(), Listing()
    known(account, "100")
    run = begin(close())

    def connect(provider):
        ReconcileRun.objects.update(holder="somebody-else")
        return fake

    assert not compare_accounts.compare_due(take(run), connect, clock=noon, seconds=5)
    run.refresh_from_db()
    assert (run.state, run.holder, run.accounts) == (JobState.RUNNING, "somebody-else", {})


def test_a_halt_that_is_over_already_takes_its_acknowledgement_back():
    halt = close()
    run, person = run_through(halt, None), make_user(Role.MANAGER)
    halts.lift_halt(HaltKind.RESTORED, now=NOON, actor=person, note="Before.", only=halt.pk)
    assert not compare_accounts.acknowledge(run, actor=person, note="After.", now=NOON)
    run.refresh_from_db()
    assert (run.acknowledged_at, run.note) == (None, "")


def test_a_bell_goes_on_with_a_run_and_one_for_a_run_that_ended_does_nothing(doorbell_rung):
    run = begin(close())
    account = make_provider(key="")
    tasks.compare(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, doorbell_rung) == (JobState.DONE, [])
    assert words_of(run, account).startswith("It cannot be called") and run.is_for_nothing
    tasks.compare(run_id=run.pk)
    assert ReconcileRun.objects.get().ended_at == run.ended_at


def test_a_run_that_has_more_to_compare_rings_for_its_next_run(doorbell_rung, monkeypatch):
    run = begin(close())
    monkeypatch.setattr(compare_accounts, "compare_due", lambda *taken, **how: True)
    tasks.compare(run_id=run.pk)
    assert doorbell_rung == [("orders.compare", {"run_id": run.pk})]


def test_a_run_whose_bell_was_lost_is_rung_for_with_what_is_on_the_disk(doorbell_rung):
    run = begin(close())
    tasks.import_spool()
    assert ("orders.compare", {"run_id": run.pk}) in doorbell_rung


@pytest.mark.parametrize("step", ["run/", "acknowledge/"])
def test_where_nothing_is_stopped_there_is_nothing_to_decide(step, client_for_role):
    manager = client_for_role(Role.MANAGER)
    answer = manager.post(f"{PAGE}{step}", EVERYTHING, follow=True)
    assert "Nothing is stopped: the database is the one we know." in answer.content.decode()
    assert not ReconcileRun.objects.exists()


def test_whoever_is_second_is_told_so(client_for_role, monkeypatch):
    manager, halt = client_for_role(Role.MANAGER), close()
    manager.post(f"{PAGE}run/")
    second = manager.post(f"{PAGE}run/", follow=True)
    assert "A run is under way already." in second.content.decode()
    assert halt.runs.count() == 1
    ReconcileRun.objects.update(state=JobState.DONE, ended_at=NOON)
    monkeypatch.setattr(compare_accounts, "acknowledge", lambda *a, **k: False)
    late = manager.post(f"{PAGE}acknowledge/", EVERYTHING, follow=True)
    assert "Somebody was faster: the database is accepted already." in late.content.decode()
    assert not Order.objects.exists()
