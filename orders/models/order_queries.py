"""Which orders: by what is due, by what keeps a link busy, and by what staff search for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.apps import apps
from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.db.models.lookups import Exact, In

from core.models import User
from core.rows.numbers import row_number
from providers.identity import same_service
from providers.models import Provider, Service
from providers.panel_api.order_types.table import SUBSCRIPTIONS
from providers.same_ids import spellings

from ..links import link_key
from ..repeats import Lately
from ..status import (
    BUYS_AGAIN,
    BY_STAFF,
    BY_WORD,
    ENDED_BY_WORD,
    ENDED_THERE,
    GROUPS,
    NEEDS_A_PERSON,
    OPEN,
    HoldReason,
    JobKind,
    Status,
)
from .event import EventKind, OrderEvent

Row = TypeVar("Row", bound=Model)
Orders = QuerySet[Any]
Place = tuple[str | int, str, str]  # the account upstream, its number of the service, the link
# They keep no link busy: they wait for the link themselves, or for their time.
IDLE = Q(status=Status.HELD, hold_reason__in=[HoldReason.LINK_BUSY, HoldReason.SCHEDULED])
LIST_SEARCH_MIN = 3
TAG_WORD = "tag:"
BY_WORD_FOR = timedelta(days=7)  # longer ago, nobody expects it at the provider any more
_ID = re.compile(r"#?[0-9]{1,64}")


def place_of(order: Any) -> Place:
    """Equal for orders of one service and link; see `providers.identity.same_service`."""
    provider = order.service.provider
    return provider.upstream or provider.pk, order.service.external_id, order.link_key


def buys_again() -> Q:
    """Beside which the same may be bought a second time: open, closed as unknown, or counted as
    not placed by a person, who may have been wrong, also where it was withdrawn or refused since,
    of late; or withdrawn of late although it may have been sent before the database was put
    back."""
    attempts: Any = apps.get_model("orders", "Attempt")  # its module stands on this one
    by_hand = attempts.objects.counted_as_not_there().filter(
        order=OuterRef("pk"), resolution__in=BY_STAFF
    )
    lately = ~Q(status__in=ENDED_BY_WORD) | Q(ended_at__gte=Now() - BY_WORD_FOR)
    perhaps = Q(Exists(by_hand)) | (Q(status=Status.WITHDRAWN) & perhaps_sent_in_gap())
    return Q(status__in=BUYS_AGAIN) & lately & (~Q(status__in=BY_WORD) | perhaps)


def perhaps_sent_in_gap() -> Q:
    """It may have been sent before the database was put back, with nobody to know it: it waited
    when a gap was found, or a mass order or a bulk action of before has placed it since, and nobody
    has released it since. What was released before says nothing: the database that knows of it was
    put back in the meantime."""
    row: Any = apps.get_model  # their modules stand on that of the order, and it on this one
    released = OrderEvent.objects.filter(
        order=OuterRef(OuterRef("pk")),
        pk__gt=OuterRef("events_through"),
        kind=EventKind.MOVED,
        evidence__released=HoldReason.RESTORED.value,
    )
    again = row("orders", "BulkItem").objects.filter(
        made=OuterRef(OuterRef("pk")), job__kind=JobKind.REORDER
    )
    then = again.filter(job__created_at__lte=OuterRef("found_at"))  # a release before this found it
    gaps = row("orders", "JournalGap").objects.filter(
        ~Exists(released),
        Q(orders_through__gte=OuterRef("pk"))
        | Q(batches_through__gte=OuterRef("batch"))
        | Q(batches_through=None, found_at__gte=OuterRef("batch__created_at"))
        | Exists(again.filter(job__lte=OuterRef("jobs_through")))
        | Q(Exists(then), jobs_through=None),
        provider=OuterRef("provider"),
    )
    return Q(Exists(gaps))


class OrderQueries(QuerySet[Row]):
    """Which orders, asked of the database. `Row` is the order, which is built on top of this."""

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def unconfirmed(self) -> Self:
        return self.filter(status=Status.UNCONFIRMED)

    def needing_a_person(self) -> Self:
        waits = Q(status=Status.HELD, hold_reason=HoldReason.TERMS)
        return self.filter(Q(status__in=NEEDS_A_PERSON) | Q(flag__gt="") | waits)

    def due_to_send(self, now: datetime) -> Self:
        """Queued, not waiting out a back-off."""
        return self.filter(status=Status.QUEUED, send_after__lte=now)

    def in_group(self, group: str) -> Self:
        return self.filter(status__in=GROUPS[group]) if group in GROUPS else self

    def buying_again(self) -> Self:
        """Those beside which the same may be bought a second time."""
        return self.filter(buys_again())

    def with_same_payload(
        self,
        service: Service,
        link_key: str,
        units: int | None = None,
        lately: Lately | None = None,
    ) -> Self:
        """Those of them for the same service, at whichever row of its account, and the same link,
        however it was spelled, and of those placed `lately` the ones with as many units. What a
        provider started for one of them is not told beside it."""
        asked = buys_again()
        asked = asked | lately.with_units(units) if lately else asked
        # By an expression: with the bare column SQLite would walk all orders of the service.
        of_service = In(F("service_id") + 0, same_service(service).values("pk"))
        return self.filter(asked, of_service, link_key=link_key, parent=None)

    def same_of_many(self, orders: Iterable[Any], lately: Lately | None) -> dict[int, list[Any]]:
        """As `with_same_payload`, for each of these by its number, itself too, oldest first: in one
        query by their links, compared here by `place_of`. Only those that have ended are told by
        their units."""
        wanted, found = list(orders), defaultdict[Place, list[Any]](list)
        asked = buys_again() | lately.orders if lately else buys_again()
        rows = self.filter(asked, link_key__in={one.link_key for one in wanted}, parent=None)
        for row in rows.select_related("service__provider").order_by("pk"):
            found[place_of(row)].append(row)
        return {
            one.pk: [
                row
                for row in found.get(place_of(one), ())
                if row.status not in ENDED_THERE or row.units == one.units
            ]
            for one in wanted
        }

    def on_link(self, provider_id: Any, link_key: Any) -> Self:
        """Open orders of this account for the same link, whatever their service."""
        # By an expression: with the bare column SQLite would walk all orders of the account.
        return self.open().filter(Exact(F("provider_id") + 0, provider_id), link_key=link_key)

    def waiting_for_link(self) -> Self:
        return self.filter(status=Status.HELD, hold_reason=HoldReason.LINK_BUSY)

    def perhaps_sent_in_gap(self) -> Self:
        return self.filter(perhaps_sent_in_gap())

    def held_for(self, reason: HoldReason) -> Self:
        return self.filter(status=Status.HELD, hold_reason=reason)

    def keeping_link_busy(self) -> Self:
        """Those that others with their link wait for: all but the waiting and the scheduled."""
        return self.open().exclude(IDLE)

    def searching(self, text: str) -> Self:
        """Our id, the provider's id, the start of the customer's reference; a part of the link,
        the reference, the note, the name of the service, of the provider or of who placed it; a
        tag, also as `tag:word`. All words must fit, but several ids are a list: each of them is
        found."""
        every = type(self)(self.model, using=self.db)
        ids = ids_in(text)
        if len(ids) > 1:
            return self.filter(known_by_ids(every, ids))
        words = text.strip().removeprefix("#").split()
        found = self
        for word in words:
            if word.casefold().startswith(TAG_WORD):
                found = found.filter(pk__in=every.tagged(word[len(TAG_WORD) :]).values("pk"))
        rest = " ".join(word for word in words if not word.casefold().startswith(TAG_WORD))
        return found.filter(naming(every, rest)) if rest else found

    def known_as(self, text: str) -> Self:
        """Found by index alone, however many there are: our id, the provider's id, the start of a
        reference; of this very link the open ones."""
        every = type(self)(self.model, using=self.db)
        text = text.strip().removeprefix("#")
        found = _known_as(every, text)
        if (number := row_number(text)) is not None:
            found |= Q(pk=number)
        if "." in text:
            found |= Q(pk__in=every.open().filter(link_key=link_key(text)).values("pk"))
        return self.filter(found)

    def tagged(self, word: str) -> Self:
        tag = word.removeprefix("#").casefold()
        return self.exclude(tags="").filter(tags__contains=f" {tag} ")

    def of_related(self, related: str) -> Self:
        """`placed` at the desk, `parts` a provider started for another order, or the `parents`
        of such: drip-feeds and subscriptions."""
        if related == "parts":
            return self.exclude(parent=None)
        placed = self.filter(parent=None)
        # One that has begun its parts is known by them; one that has not, by what it asks for.
        begun, feeds = Q(parts_done__isnull=False), Q(payload__has_key="runs")
        return (
            placed.filter(begun | feeds | Q(type__in=SUBSCRIPTIONS))
            if related == "parents"
            else placed
        )

    def without_bound(self) -> Self:
        """Those of which `Order.has_no_bound` is true."""
        return self.filter(estimate__isnull=False, estimate_high=None)

    def for_list(self) -> Self:
        """Everything a row of the list shows, in one query."""
        return self.select_related("service", "provider__health", "poll_schedule")


def ids_in(text: str) -> list[str]:
    """The ids of a list of nothing else, apart by commas, semicolons, spaces or lines."""
    parts = [part.removeprefix("#") for part in re.split(r"[,;\s]+", text) if part]
    return list(dict.fromkeys(parts)) if all(map(_ID.fullmatch, parts)) else []


def known_by_ids(orders: Orders, ids: list[str]) -> Q:
    """Each by index, as one id alone is."""
    accounts = Provider.objects.values("pk")
    same = spellings(ids)
    theirs = orders.exclude(external_id="").filter(provider__in=accounts, external_id__in=same)
    referred = orders.exclude(reference="").filter(reference__in=ids)
    ours = [number for one in ids if (number := row_number(one)) is not None]
    return Q(pk__in=ours) | Q(pk__in=theirs.values("pk")) | Q(pk__in=referred.values("pk"))


def naming(orders: Orders, text: str) -> Q:
    """Numbers and short words are found by index alone; longer ones may stand anywhere."""
    if (number := row_number(text)) is not None:
        return _known_as(orders, text) | Q(pk=number)
    if len(text) < LIST_SEARCH_MIN:
        return _known_as(orders, text)
    anywhere = Q(link__icontains=text) | Q(reference__icontains=text) | Q(note__icontains=text)
    if "." in text:
        anywhere |= Q(link_key=link_key(text))  # the same place in another spelling
    anywhere |= Q(service__in=Service.objects.matching(text).values("pk"))
    anywhere |= Q(provider__in=Provider.objects.filter(name__icontains=text).values("pk"))
    anywhere |= Q(placed_by__in=User.named(text).values("pk"))
    return (
        Q(external_id__in=spellings([text])) | anywhere | Q(tags__contains=f" {text.casefold()} ")
    )


def _known_as(orders: Orders, text: str) -> Q:
    """The provider's id, or the start of a reference. Each is asked for by itself and with the
    condition of its index spelled out: SQLite would read every order for the plain `or`."""
    accounts = Provider.objects.values("pk")
    same = spellings([text])
    theirs = orders.exclude(external_id="").filter(provider__in=accounts, external_id__in=same)
    referred = orders.exclude(reference="").filter(reference__startswith=text)
    if connection.vendor == "sqlite":  # its LIKE uses no index
        referred = referred.filter(reference__gte=text, reference__lt=f"{text}{chr(0x10FFFF)}")
    return Q(pk__in=theirs.values("pk")) | Q(pk__in=referred.values("pk"))
