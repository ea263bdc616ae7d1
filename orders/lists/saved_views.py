"""Views of the list that were saved under a name: one's own, and those shared with everybody."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Case, Q, QuerySet, When
from django.http import QueryDict

from core import clocks
from core.models import User
from core.roles import May

from ..models import Order, SavedFilter
from .filters import OrderFilter
from .tabs import capped_count, count_in_words, in_tab

SHOWN = 30  # tabs


@dataclass(frozen=True, slots=True)
class SavedView:
    """One tab. `count` as it is shown, "" while it was not counted; `owner` is "" of one's own."""

    pk: int
    name: str
    query: str
    count: str
    owner: str
    is_shared: bool
    may_delete: bool


def visible_to(person: User) -> QuerySet[SavedFilter]:
    """Their own first."""
    own = Q(person=person)
    rows = SavedFilter.objects.filter(own | Q(is_shared=True))
    return rows.order_by(Case(When(own, then=0), default=1), "name", "pk")


def deletable_by(person: User) -> QuerySet[SavedFilter]:
    """What somebody shared stays when they leave: an admin can take it away."""
    if person.may(May.KEEP_PEOPLE):
        return visible_to(person)
    return SavedFilter.objects.filter(person=person)


def saved_views(person: User, *, counted: bool = False) -> list[SavedView]:
    """With the counts that are remembered; `counted` finds out those that are not."""
    rows = visible_to(person).select_related("person")[:SHOWN]
    may_all = person.may(May.KEEP_PEOPLE)
    return [
        SavedView(
            pk=row.pk,
            name=row.name,
            query=row.query,
            count=_count(row, person, counted=counted),
            owner="" if row.person_id == person.pk else row.person.display_name,
            is_shared=row.is_shared,
            may_delete=may_all or row.person_id == person.pk,
        )
        for row in rows
    ]


def _count(row: SavedFilter, person: User, *, counted: bool) -> str:
    """A count is kept for an hour so that a tab does not lose it, and counted anew each minute."""
    asked = hashlib.sha256(row.query.encode()).hexdigest()  # a name is given to another filter
    key = f"orders-view-{row.pk}-{person.pk}-{asked}"
    words, is_fresh = cache.get(key, ("", "")), cache.get(f"{key}-fresh", False)
    if counted and not is_fresh:
        words = _counted(row, person)
        cache.set(key, words, clocks.VIEW_COUNT_KEPT_SECONDS)
        cache.set(f"{key}-fresh", True, clocks.VIEW_COUNT_SECONDS)
    return str(words)


def _counted(row: SavedFilter, person: User) -> str:
    """Nothing where the filter no longer makes sense: its provider is gone, say."""
    wanted = OrderFilter(QueryDict(row.query), user=person)
    if wanted.errors:
        return ""
    found = in_tab(wanted.narrow(Order.objects.all()), wanted.group_name)
    return count_in_words(capped_count(found))
