"""A lost order is one that the provider has: it gets that id, and is followed from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from django.db import IntegrityError

from core.clocks import Clock
from core.failpoints import failpoint
from core.models import User
from core.rows.bulk import add_rows
from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from providers.identity import same_account
from providers.models import RefundStyle
from providers.panel_api import Progress, ProviderError, Unreadable
from providers.same_ids import plain_id, spellings

from .. import charges
from ..flags import raise_flag
from ..models import Attempt, Order
from ..polling import plausibility
from ..polling.anomalies import anomalies_as_events
from ..sending import halts, record_outcome, reopen
from ..shown import refuse_unless_shown
from ..status import BOUGHT_TOO, MONEY_BACK, NOTHING_BOUGHT, Flag, Outcome, Resolution, Status
from .doubted_attempt import ResolvedMeanwhile, decided_by_hand, open_attempt, resolve_attempt
from .older_ids import newer_before

MOVED: Final = "Its account has a new address: it can be linked once its catalog is read there."
MAY_BE_TOO: Final = "This one may have been bought too: nobody knows."


class TellsOneStatus(Protocol):
    """All this needs of a client."""

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]: ...


class CannotLink(Exception):
    """The id cannot be this order's, or could not be checked; the words are for staff."""


class NotThere(CannotLink):
    """The provider does not tell of this id."""


class MustBeMeant(CannotLink):
    """A person may say that it is so all the same; `consent` names exactly what they say it of."""

    def __init__(self, words: str, consent: str) -> None:
        super().__init__(words)
        self.consent = consent


class ChargeDiffers(MustBeMeant):
    """The id exists and is free, but its charge is not what this order should have cost."""


class OlderThanTry(MustBeMeant):
    """The id is free, but older than the try in doubt: that one may be bought as well."""


def link_order(
    order: Order,
    external_id: str,
    *,
    actor: User,
    client: TellsOneStatus,
    clock: Clock,
    although_charge_differs: str = "",
    although_older: str = "",
    seen: str | None = None,
) -> bool:
    """Link the provider's order `external_id` as this one, after asking the provider for it.

    False: somebody else resolved the order meanwhile. Raises CannotLink; ChargeDiffers and
    OlderThanTry unless told their consent, and what is older is flagged; NotAsShown where more is
    known by then than `seen`, the word of a page.
    """
    if order.provider.moved_at is not None:
        raise CannotLink(MOVED)
    _refuse_if_claimed(order, external_id)
    external_id, said = _as_known(client, external_id)
    _compare_charge(order, external_id, said, although_charge_differs)
    attempt = open_attempt(order) or _found_after_all(order, external_id)
    if attempt is None:
        return False
    text, flag, beside = f"Linked to the provider's order {external_id}.", Flag.NONE, None
    if newer := newer_before(attempt, external_id):
        words = f"{external_id} is older than this try: {newer} was accepted before it was sent."
        if although_older != (consent := f"{external_id}<{newer}"):
            words = f"{words} It may be an earlier try's, and this one be bought too."
            raise OlderThanTry(words, consent)
        text, flag = f"{text} {words} The try itself may have been bought too.", Flag.BOUGHT_TWICE
        if earlier := _earlier_try(attempt, external_id):
            attempt, beside = earlier, attempt
    told: dict[str, Any] = {"resolution": Resolution.PERSON, "now": clock(), "actor": actor}
    link = Link(order, attempt, external_id, said, text, flag, beside, seen)
    return record_links([link], **told)


def _earlier_try(attempt: Attempt, external_id: str) -> Attempt | None:
    """Whose id it must be: the newest try before this one that counts as not there and that the id
    can be. Under the later one the provider's numbers would not rise with its sends any more."""
    tries = Attempt.objects.counted_as_not_there().filter(
        order=attempt.order_id, provider=attempt.provider_id, number__lt=attempt.number
    )
    rows = tries.select_related("provider").order_by("-number")
    return next((one for one in rows if not newer_before(one, external_id)), None)


def _found_after_all(order: Order, external_id: str) -> Attempt | None:
    """The newest try that a person said is not there and that the id can be."""
    tries = decided_by_hand(order)
    fits = (one for one in tries if not newer_before(one, external_id))
    return next(fits, tries[0] if tries else None)


@dataclass(frozen=True, slots=True)
class Link:
    """A lost order, the provider's order that it is, and what the provider says of that one.
    `beside`: a later try in doubt, of which that order is not the one; `seen`: the word of the page
    by which a person says so."""

    order: Order
    attempt: Attempt
    external_id: str
    said: Progress
    text: str
    flag: Flag = Flag.NONE
    beside: Attempt | None = None
    seen: str | None = None


def record_link(
    order: Order,
    attempt: Attempt,
    external_id: str,
    said: Progress,
    *,
    resolution: Resolution,
    now: datetime,
    text: str,
    actor: User | None = None,
    flag: Flag = Flag.NONE,
) -> bool:
    """The lost order is the provider's `external_id`: write it down and follow it from now on.

    False: somebody else resolved it meanwhile. Raises CannotLink when the id belongs to another
    order by now.
    """
    link = Link(order, attempt, external_id, said, text, flag)
    return record_links([link], resolution=resolution, now=now, actor=actor)


def record_links(
    links: Sequence[Link], *, resolution: Resolution, now: datetime, actor: User | None = None
) -> bool:
    """All of these, as `record_link` does with one, or none of them."""
    try:
        with durable_transaction():
            _lock(links)
            for link in links:
                _write(link, resolution, actor, now)
            failpoint("link.moved")
    except ResolvedMeanwhile:
        return False
    except IntegrityError as error:
        raise_unless_broken(error, "external_id_once_per_provider")
        names = ", ".join(link.external_id for link in links)
        raise CannotLink(f"{names} was linked to another order a moment ago.") from None
    for provider in {link.order.provider for link in links}:
        halts.lift_if_resolved(provider, now=now)
    return True


def _lock(links: Sequence[Link]) -> None:
    """Before anything that others wait for; who decides about one has its attempt first too."""
    tries = [one.pk for link in links for one in (link.attempt, link.beside) if one]
    rows = Attempt.objects.filter(pk__in=tries)
    list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _write(link: Link, resolution: Resolution, actor: User | None, now: datetime) -> None:
    order, said = link.order, link.said
    to = Status(said.status.value) if said.status else Status.PENDING
    progress: dict[str, Any] = {
        "charge": said.charge,
        "start_count": said.start_count,
        "remains": said.remains,
    }
    evidence = {"by": resolution, **{name: str(value) for name, value in progress.items()}}
    final = plausibility.final_charge(order, said, to, RefundStyle(order.provider.refund_style))
    halts.one_at_a_time(order.provider)
    refuse_unless_shown(order, link.seen)
    _refuse_if_claimed(order, link.external_id)
    found = {"external_id": link.external_id}
    if link.beside:
        _leave_in_doubt(link.beside, link, resolution, actor, now)
    if link.attempt.outcome in NOTHING_BOUGHT:
        _reopen(link, now)
    same = Attempt.objects.same_as(link.attempt)
    resolve_attempt(same, Outcome.ACCEPTED, resolution, actor, now, **found)
    failpoint("link.attempt")
    if not order.move(
        to,
        now=now,
        actor=actor,
        text=link.text,
        evidence=evidence,
        raw_status=said.raw_status[:80],
        reason="",
        refund=final.refund,
        **found,
        **progress,
    ):
        raise ResolvedMeanwhile
    if link.flag:
        raise_flag(order, link.flag)
    if final.anomaly and final.anomaly.flag:
        raise_flag(order, final.anomaly.flag)
    charges.write_first_charge(order, now=now)
    add_rows(anomalies_as_events(order, [final.anomaly] if final.anomaly else [], now=now))
    record_outcome.schedule_polls(order, now=now)


def _leave_in_doubt(
    beside: Attempt, link: Link, resolution: Resolution, actor: User | None, now: datetime
) -> None:
    """An order has one live try. This one is told as unknown all the same (`shown_outcome`), and
    may own an id that turns up."""
    words = f"{link.external_id} was linked as attempt {link.attempt.number}. {MAY_BE_TOO}"
    ended = {"code": BOUGHT_TOO, "reason": words}
    mine = Attempt.objects.same_as(beside)
    resolve_attempt(mine, Outcome.NOT_PLACED, resolution, actor, now, **ended)


def _reopen(link: Link, now: datetime) -> None:
    """What was said not to be there is; not where the order has been sent again since."""
    order, words = link.order, f"Found after all: the provider has it as {link.external_id}."
    rows = Order.objects.select_for_update(of=("self",), no_key=True)
    as_read = rows.filter(pk=order.pk, status=order.status).first()
    if as_read is None or not reopen.reopen(link.attempt, order, link.external_id, words, now=now):
        raise ResolvedMeanwhile


def _refuse_if_claimed(order: Order, external_id: str) -> None:
    rows, same = same_account(order.provider), spellings([external_id])
    other = Order.objects.filter(provider__in=rows, external_id__in=same).first()
    if other:
        raise CannotLink(f"{external_id} is already our order {other}.")


def _as_known(client: TellsOneStatus, typed: str) -> tuple[str, Progress]:
    """As the provider writes it: a number without zeros before it, unless it knows only that."""
    plain = plain_id(typed)
    if plain != typed:
        try:
            return plain, _ask(client, plain)
        except NotThere:
            pass
    return typed, _ask(client, typed)


def _ask(client: TellsOneStatus, external_id: str) -> Progress:
    try:
        said = client.statuses_once([external_id])[external_id]
    except ProviderError as error:
        raise CannotLink(f"The provider could not be asked: {error.reason}") from error
    if isinstance(said, Unreadable) and said.is_no_id:
        raise CannotLink(f"{external_id} was not asked about: {said.reason}")
    if isinstance(said, Unreadable):
        raise NotThere(f"The provider does not know {external_id}: {said.reason}")
    return said


def _compare_charge(order: Order, external_id: str, said: Progress, meant: str) -> None:
    if said.charge is None or order.estimate is None or charges.may_cost(order, said.charge):
        return
    if meant == (consent := f"{external_id}:{said.charge.normalize():f}"):
        return
    least = "at least " if order.has_no_bound else ""
    why = " It ended early, which may be why." if _ended_early(said) else ""
    raise ChargeDiffers(
        f"The provider charged {said.charge.normalize():f} for it; "
        f"this order should cost {least}{order.estimate.normalize():f}.{why}",
        consent,
    )


def _ended_early(said: Progress) -> bool:
    return said.status is not None and Status(said.status.value) in MONEY_BACK
