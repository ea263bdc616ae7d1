"""What a person does to the rules of an account, and how its searches have ended so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, Q

from core.models import User
from core.roles import May
from core.shown_fields import ChangedMeanwhile, own_changes, word_of
from providers.actions.learning import name_parameter
from providers.identity import rows_of, same_account
from providers.models import Provider
from providers.panel_api import Dialect

from ...models import Attempt, Recovery
from ...status import BY_STAFF, Outcome, Resolution

PARAMETER = "idempotency_parameter"
FOR_ADMINS = (PARAMETER, "replays_are_safe", "two_people_above")


@dataclass(frozen=True, slots=True)
class Figures:
    """Lost answers of an account: how they were replaced, how many nobody knows yet, and the free
    calls that each took on average (None where none was asked)."""

    lost: int
    ways: list[tuple[Resolution, int]]
    unknown: int
    calls: float | None

    @property
    def by_itself(self) -> int:
        return sum(count for way, count in self.ways if way not in BY_STAFF)


def figures(provider: Provider) -> Figures:
    """Two queries, whatever the number of attempts."""
    lost = Attempt.objects.filter(provider=provider, unknown_at__isnull=False)
    resolved = lost.exclude(resolution="").order_by().values_list("resolution")
    counted = resolved.annotate(count=Count("pk")).order_by("-count", "resolution")
    totals = lost.aggregate(
        lost=Count("pk"),
        unknown=Count("pk", filter=Q(outcome=Outcome.UNKNOWN)),
        calls=Avg("calls", filter=Q(calls__gt=0)),
    )
    ways = [(Resolution(way), count) for way, count in counted]
    return Figures(totals["lost"], ways, totals["unknown"], totals["calls"])


def unplaced(provider: Provider) -> Attempt | None:
    """A send that a journal gave back and of which nobody knows what became, by any row of the
    account: as long as there is one `find_lost.Search` looks for none by their numbers."""
    sends = Attempt.objects.given_back().filter(outcome=Outcome.UNKNOWN)
    return sends.filter(provider__in=same_account(provider)).order_by("pk").first()


def change_rules(
    provider_id: int,
    wanted: Mapping[str, Any],
    *,
    shown: Mapping[str, str],
    actor: User,
    now: datetime,
) -> None:
    """Write what the person has changed of what the page showed; what is for admins from admins
    alone. Raises ChangedMeanwhile; then nothing is written."""
    is_admin = actor.may(May.KEEP_CREDENTIALS)
    theirs = {name: one for name, one in wanted.items() if is_admin or name not in FOR_ADMINS}
    with transaction.atomic():
        provider = Provider.objects.select_for_update().get(pk=provider_id)
        rules = Recovery.objects.select_for_update().get(provider=provider)
        own = own_changes(theirs, shown=shown, now=_as_they_are(rules, provider, theirs))
        if "replays_are_safe" in own:
            _promised_of_what_was_shown(provider, own, shown)
        written = {name for name in own if name != PARAMETER}
        labels = [str(Recovery._meta.get_field(name).verbose_name) for name in sorted(written)]  # type: ignore[union-attr]  # plain columns
        for name in written:
            setattr(rules, name, own[name])
        if is_admin:
            rules.replays_are_safe = own.get("replays_are_safe", rules.promises_replays(provider))
            if PARAMETER in own:
                name_parameter(provider, own[PARAMETER], now=now, actor=actor)
            rules.promise_replays(provider)
            written |= {"replays_are_safe", "replays_promised_for"}
        rules.save(update_fields=written)  # the desk may switch its search off this moment
        if labels:
            words = f"Rules for lost answers changed: {', '.join(labels)}."
            provider.remember(words, now=now, actor=actor)


def why_off(rules: Recovery) -> str:
    """Why the desk switched its search off, and on the row of which account that stands."""
    return f"{rules.provider.created_at.isoformat()} {rules.stopped_because}"


def resume(provider: Provider, *, actor: User, now: datetime, shown: str | None = None) -> bool:
    """A person trusts the numbers of this account again, at each of its rows where the search is
    off for the same. False: it was not off. Raises ChangedMeanwhile where it is off for something
    else than was `shown`."""
    off = Recovery.objects.filter(provider=provider).exclude(stopped_because="")
    with transaction.atomic():
        row = off.select_for_update().select_related("provider").first()
        if row and shown is not None and shown != word_of(why_off(row)):
            raise ChangedMeanwhile({"stopped_because": row.stopped_because})
        if row is None:
            return False
        rows = Recovery.objects.filter(provider__in=rows_of(provider.pk))
        rows.filter(stopped_because=row.stopped_because).update(
            stopped_because="", calibrated_at=None
        )
        provider.remember("The search for lost orders is on again.", now=now, actor=actor)
    return True


def _as_they_are(rules: Recovery, provider: Provider, names: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: getattr(rules, name) for name in names if name != PARAMETER}
    if "replays_are_safe" in told:
        told["replays_are_safe"] = rules.promises_replays(provider)
    return {PARAMETER: Dialect.from_profile(provider.dialect).idempotency_parameter, **told}


def _promised_of_what_was_shown(
    provider: Provider, own: Mapping[str, Any], shown: Mapping[str, str]
) -> None:
    """That replays are safe is said of the parameter that stood beside it."""
    parameter = Dialect.from_profile(provider.dialect).idempotency_parameter
    if PARAMETER not in own and word_of(parameter) != shown.get(PARAMETER):
        raise ChangedMeanwhile({PARAMETER: parameter})
