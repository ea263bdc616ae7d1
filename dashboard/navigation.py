"""What every page shows around its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core.clocks import database_now
from core.roles import May
from orders.models import Halt

from .health.attention import counts_once
from .health.watchdog import StandsStill, for_banner


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the sidebar. `count` is how much waits there; `count_says` what it counts."""

    title: str
    icon: str
    address: str
    is_here: bool = False
    count: int = 0
    count_says: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of the sidebar; the first has no title."""

    title: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Navigation:
    """The sidebar and the two links of the top bar; `new_order` is empty for who may not.

    `sections` are the groups of the sidebar, those without an item left out. `halts` is what
    keeps orders from being sent, `standstills` what should have gone on and has not: both want to
    be known on every page.
    """

    sections: list[Section]
    search: str
    new_order: str
    halts: list[Halt] = field(default_factory=list)
    may_resolve: bool = False
    standstills: list[StandsStill] = field(default_factory=list)


# title, icon, name of the address, what one must be able to do
Place = tuple[str, str, str, May]
SECTIONS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "",
        (
            ("Overview", "layout-dashboard", "overview", May.SEE),
            ("Orders", "shopping-cart", "orders", May.SEE),
            ("Mass orders", "upload", "mass-orders", May.MASS_ORDER),
            ("Unconfirmed", "help-circle", "unconfirmed", May.RESOLVE),
            ("Changed terms", "arrows-exchange", "changed-terms", May.PLACE),
            ("Refills", "refresh", "refills", May.SEE),
            ("Bulk actions", "list-check", "bulk-actions", May.PLACE),
        ),
    ),
    (
        "Catalog and money",
        (
            ("Services", "list-details", "services", May.SEE),
            ("Order types", "file-text", "order-types", May.SEE),
            ("Catalog changes", "arrows-exchange", "service-changes", May.SEE),
            ("Providers", "building-store", "providers", May.SEE),
            ("Balance differences", "scale", "discrepancies", May.SEE_BALANCES),
        ),
    ),
    (
        "Settings",
        (
            ("Limits", "shield-check", "limits", May.PLACE),
            ("Sending control", "ban", "sending-control", May.SEE),
            ("People", "users", "people", May.KEEP_PEOPLE),
        ),
    ),
)


# Shown only while something waits there.
NOW_AND_THEN = frozenset({"changed-terms"})

# Below the address of the orders, and about one provider each.
ABOUT_PROVIDERS = ("recovery/", "statements/", "phrases/")


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Asked of the database only when a page draws it, and once a page."""
    return {"navigation": SimpleLazyObject(lambda: navigation_for(request, request.path))}


def navigation_for(request: HttpRequest, path: str) -> Navigation:
    """The places this person may go; `path` is the page they are on."""
    user = request.user
    if not user.is_authenticated:
        return Navigation([], "", "")
    allowed = [
        (title, [(place, reverse(place[2])) for place in places if user.may(place[3])])
        for title, places in SECTIONS
    ]
    standing = _place_of(path)
    addresses = [address for _, places in allowed for _, address in places]
    here = max((a for a in addresses if _is_at(standing, a)), key=len, default="")
    counts = _counts(request) if user.may(May.SEE) else {}
    sections = [
        Section(title, items)
        for title, places in allowed
        if (items := list(_items(places, here, counts)))
    ]
    new_order = reverse("order-new") if user.may(May.PLACE) else ""
    if not user.may(May.SEE):
        return Navigation(sections, "", new_order)
    halts = list(Halt.objects.for_banner())
    return Navigation(
        sections,
        reverse("orders"),
        new_order,
        halts,
        user.may(May.RESOLVE),
        for_banner(database_now()),
    )


def _items(
    places: list[tuple[Place, str]], here: str, counts: dict[str, tuple[int, str]]
) -> Iterator[Item]:
    for (title, icon, name, _), address in places:
        count, says = counts.get(name, (0, ""))
        if name not in NOW_AND_THEN or address == here or count:
            yield Item(title, icon, address, address == here, count, says)


def _place_of(path: str) -> str:
    """Where people look for this page in the sidebar."""
    rest = path.removeprefix(reverse("orders"))
    return reverse("providers") if rest.startswith(ABOUT_PROVIDERS) else path


def _is_at(path: str, address: str) -> bool:
    """The overview is only itself; any other place has everything below it."""
    return path == address or (address != reverse("overview") and path.startswith(address))


def _counts(request: HttpRequest) -> dict[str, tuple[int, str]]:
    waiting = counts_once(request)
    return {
        "unconfirmed": (waiting.unconfirmed, "orders to resolve"),
        "changed-terms": (waiting.terms_changed, "orders under changed terms"),
        "orders": (waiting.not_placed + waiting.flagged, "orders that need attention"),
    }
