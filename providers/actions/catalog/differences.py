"""What differs between a catalog and our rows, worked out in memory before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.money import plain
from providers.models import ChangeKind, Provider, Service, percent_between

from .snapshots import COLUMNS, NAME, RATE, TYPE, Snapshot, Values

LONGEST_SAID = 500
KINDS = {
    name: ChangeKind("type" if name == "published_type" else name)
    for name in COLUMNS
    if name != "type"  # follows from published_type
}


@dataclass(frozen=True, slots=True)
class KnownService:
    """A service as our row has it."""

    pk: int
    external_id: str
    values: Values
    is_gone: bool
    chosen_type: str = ""

    def with_choice(self, values: Values) -> Values:
        """What was published, but of the type that staff have chosen."""
        if not self.chosen_type:
            return values
        return (*values[:TYPE], self.chosen_type, *values[TYPE + 1 :])


@dataclass(frozen=True, slots=True)
class Changed:
    """A service we know whose row must be written: other values, or back after it was gone."""

    known: KnownService
    after: Values

    @property
    def is_back(self) -> bool:
        return self.known.is_gone

    def differences(self) -> Iterator[tuple[ChangeKind, str, str]]:
        """(kind, before, after) in words, one for each column that differs."""
        for name, before, after in zip(COLUMNS, self.known.values, self.after, strict=True):
            if before != after and name in KINDS:
                yield KINDS[name], said(before), said(after)


@dataclass(slots=True)
class Difference:
    """Everything to be written so that our rows are the catalog."""

    new: list[tuple[str, Values]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    gone: list[KnownService] = field(default_factory=list)
    offered_before: int = 0
    is_first: bool = False  # no catalog of this account was ever applied

    @property
    def size(self) -> int:
        return len(self.new) + len(self.changed) + len(self.gone)

    def counts(self) -> dict[str, int]:
        """The columns of `CatalogRun` that say how much there is."""
        return {
            "added": len(self.new),
            "changed": len(self.changed),
            "gone": len(self.gone),
            "back": sum(change.is_back for change in self.changed),
        }


def known_services(provider: Provider) -> list[KnownService]:
    """Every service of the account, without building a model instance for each."""
    rows = Service.objects.filter(provider=provider).order_by()
    return [
        KnownService(pk, external_id, values, gone_at is not None, chosen)
        for pk, external_id, gone_at, chosen, *rest in rows.values_list(
            "pk", "external_id", "gone_at", "chosen_type", *COLUMNS
        ).iterator(chunk_size=2000)
        for values in (tuple(rest),)
    ]


def compare(known: list[KnownService], snapshot: Snapshot, *, is_first: bool = False) -> Difference:
    """What has to be written. A service whose row could not be read is left as it is."""
    difference = Difference(is_first=is_first)
    unseen = dict(snapshot.services)
    for one in known:
        difference.offered_before += not one.is_gone
        after = unseen.pop(one.external_id, None)
        if after is not None:
            if one.is_gone or one.with_choice(after) != one.values:
                difference.changed.append(Changed(one, after))
        elif not one.is_gone and one.external_id not in snapshot.set_aside:
            difference.gone.append(one)
    difference.new = list(unseen.items())
    return difference


@dataclass(frozen=True, slots=True)
class Proposed:
    """One line of what a held catalog would change."""

    external_id: str
    name: str
    before: str = ""
    after: str = ""

    @property
    def percent(self) -> str:
        return percent_between(self.before, self.after)


def lists_of(difference: Difference) -> dict[str, list[Proposed]]:
    """The difference as lists for its page, dearest news first: what goes, what prices become."""
    lists: dict[str, list[Proposed]] = {
        "gone": [Proposed(one.external_id, one.values[NAME]) for one in difference.gone],
        "prices": [],
        "new": [
            Proposed(key, values[NAME], after=said(values[RATE])) for key, values in difference.new
        ],
        "back": [],
        "other": [],
    }
    for change in difference.changed:
        key, name = change.known.external_id, change.after[NAME]
        if change.is_back:
            lists["back"].append(Proposed(key, name, after=said(change.after[RATE])))
        for kind, before, after in change.differences():
            if kind is ChangeKind.RATE:
                lists["prices"].append(Proposed(key, name, before, after))
            else:
                lists["other"].append(Proposed(key, name, f"{kind.label}: {before}", after))
    return lists


def said(value: Any) -> str:
    """A value as `ServiceChange` keeps it; unknown is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return plain(value)
    return str(value)[:LONGEST_SAID]
