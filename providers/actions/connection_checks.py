"""Checking the connection of an account, and keeping what was found."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core import clocks
from core.clocks import Clock
from core.encryption import WrongEncryptionKey
from core.models import User
from core.redaction import redact
from providers.connect import Connect, NoKey
from providers.models import ConnectionReport, Provider, ProviderState
from providers.panel_api import AccountRefused, Dialect, NotSent, PanelClient, Unavailable
from providers.panel_api.connection_check.check import check_connection
from providers.panel_api.connection_check.findings import CheckResult, Finding, FindingLevel

from .balances import keep_balance, not_read_since
from .calling import note_no_way_in
from .note_calls import note_failure, note_success

INTERRUPTED = {
    "topic": "check",
    "level": FindingLevel.FAIL.value,
    "words": "The check was cut off. Run it again.",
    "detail": "",
}


def open_report(
    provider: Provider, *, actor: User | None, now: datetime, with_empty_order: bool = False
) -> ConnectionReport:
    """The report of a check that is to be made; the one under way if there is one."""
    under_way = ConnectionReport.objects.filter(provider=provider, ended_at=None).first()
    if under_way is not None:
        return under_way
    return ConnectionReport.objects.create(
        provider=provider, run_at=now, run_by=actor, with_empty_order=with_empty_order
    )


def run_check(report: ConnectionReport, connect: Connect, *, clock: Clock) -> bool:
    """Check the account, or say in the report why it cannot be called. False: not ours."""
    try:
        return check_provider(report, connect(report.provider), clock=clock)
    except (NoKey, WrongEncryptionKey) as error:
        note_no_way_in(report.provider, error, now=clock())
        _give_up(report, str(error), now=clock())
        return True


def check_provider(report: ConnectionReport, client: PanelClient, *, clock: Clock) -> bool:
    """Check the account and keep report, dialect, balance and health. Spends nothing.

    The report grows while the check is made. False: another worker has taken it.
    """
    mine = ConnectionReport.objects.filter(pk=report.pk, ended_at=None)
    if not mine.filter(step="").update(step="Connecting"):
        return False
    found: list[dict[str, Any]] = []

    def tell(finding: Finding) -> None:
        found.append(_kept(finding))
        mine.update(findings=found, step=f"Looked at: {finding.topic}")

    def pre_send_check() -> None:
        account = Provider.objects.filter(
            pk=report.provider_id, version=report.provider.version, state=ProviderState.ACTIVE
        )
        if not (account.exists() and mine.exists()):
            raise NotSent("The account was paused or changed meanwhile.")

    own = Dialect.from_profile(report.provider.dialect)  # without what staff allow at most
    client = client.speaking(client.dialect.changed(batch_size=own.batch_size))
    unread = not_read_since(report.provider)
    result = check_connection(
        client, tell, with_empty_order=report.with_empty_order, before_send=pre_send_check
    )
    ended = mine.update(
        findings=found, services_seen=result.services_seen, ended_at=clock(), step="Done"
    )
    if ended:
        _learn(report.provider, result, unread, clock=clock)
    return bool(ended)


def waiting_reports(*, now: datetime) -> list[int]:
    """Reports nobody has begun, whose bell must have been lost; dead ones are ended here."""
    open_ones = ConnectionReport.objects.filter(ended_at=None)
    cut_off = now - timedelta(seconds=clocks.CONNECTION_CHECK_CUT_OFF_SECONDS)
    for report in open_ones.filter(run_at__lte=cut_off).exclude(step=""):
        open_ones.filter(pk=report.pk).update(
            findings=[*report.findings, INTERRUPTED], ended_at=now, step="Done"
        )
    lost = now - timedelta(seconds=clocks.PROVIDERS_EVERY_SECONDS)
    return list(open_ones.filter(step="", run_at__lte=lost).values_list("pk", flat=True))


def _give_up(report: ConnectionReport, words: str, *, now: datetime) -> None:
    """End a report that cannot be made, saying why."""
    finding = {**INTERRUPTED, "topic": "key", "words": words}
    ConnectionReport.objects.filter(pk=report.pk, ended_at=None).update(
        findings=[finding], ended_at=now, step="Done"
    )


def _kept(finding: Finding) -> dict[str, Any]:
    kept = asdict(finding)
    kept["level"] = str(finding.level)
    return {name: redact(str(value)) for name, value in kept.items()}


def _with_words_of_staff(found: Dialect, before: Dialect, profile: dict[str, Any]) -> Dialect:
    """What the check found, with what staff have added, be it while the check was made.

    So it is with the parameter for our ids, unless the check has found another than `before`.
    """
    current = Dialect.from_profile(profile)
    if found.idempotency_parameter == before.idempotency_parameter:
        found = found.changed(idempotency_parameter=current.idempotency_parameter)
    return found.changed(
        status_words=current.status_words,
        status_codes=current.status_codes,
        refusals=current.refusals,
    )


def _learn(
    provider: Provider, result: CheckResult, unread: QuerySet[Provider], *, clock: Clock
) -> None:
    """What was found out becomes the account's own, unless address or key changed meanwhile; and
    its balance, unless a later one was read."""
    same = Provider.objects.filter(pk=provider.pk, version=provider.version)
    with transaction.atomic():
        profile = same.select_for_update().values_list("dialect", flat=True).first()
        if profile is None:
            return
        before = Dialect.from_profile(provider.dialect)
        same.update(dialect=_with_words_of_staff(result.dialect, before, profile).to_profile())
        if result.balance is not None:
            keep_balance(provider, result.balance, clock=clock, where=unread)
    failed = {f.topic: f.words for f in result.findings if f.level is FindingLevel.FAIL}
    if "key" in failed:
        note_failure(provider, AccountRefused(failed["key"]), now=clock())
    elif "connection" in failed:
        note_failure(provider, Unavailable(failed["connection"]), now=clock())
    else:
        note_success(provider, now=clock())
