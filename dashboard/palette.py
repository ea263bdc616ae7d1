"""What the palette finds: orders, services, providers, people, pages and steps to begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.models import User
from core.roles import May
from core.templatetags.desk import link_host, spell_money
from core.texts import without_unseen
from core.web.policy import StaffRequest, allow
from orders.models import Order
from orders.status import Status
from providers.models import Provider, Service

from .navigation import SECTIONS

SHOWN = 6  # of each kind
LONGEST = 200  # characters
# title, name of the address, what one must be able to do, the keys that do the same
STEPS = (
    ("New order", "order-new", May.PLACE, "n"),
    ("New mass order", "mass-order-new", May.MASS_ORDER, ""),
    ("Add a provider", "provider-new", May.KEEP_CREDENTIALS, ""),
    ("Stop sending…", "sending-control", May.RESOLVE, ""),
    ("Add a person", "person-new", May.KEEP_PEOPLE, ""),
    ("Help", "guide", May.SEE, ""),
    ("Profile", "profile", May.SEE, ""),
    ("Change password", "password", May.SEE, ""),
    ("Get started", "start", May.SEE, ""),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: where it leads, and what is known of it."""

    title: str
    address: str
    about: str = ""
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    entries: list[Entry]


@allow(May.SEE)
@require_safe
def palette(request: StaffRequest) -> HttpResponse:
    """The lines for the words typed so far; with none the steps and the pages."""
    words = without_unseen(request.GET.get("q", ""))[:LONGEST].strip()
    groups = [group for group in _groups(request.user, words) if group.entries]
    return render(request, "dashboard/_palette_found.html", {"groups": groups})


def _groups(user: User, words: str) -> Iterator[Group]:
    if words:
        yield Group("Orders", list(_orders(words)))
        yield Group("Services", list(_services(user, words)))
        yield Group("Providers", list(_providers(words)))
        if user.may(May.KEEP_PEOPLE):
            yield Group("People", list(_people(words)))
    yield Group("Steps", list(_fitting(words, _steps(user))))
    yield Group("Pages", list(_fitting(words, _pages(user))))
    if words:
        searched = reverse("orders") + "?" + urlencode({"q": words})
        yield Group("Search", [Entry(f"Search orders for “{words}”", searched)])


def _orders(words: str) -> Iterator[Entry]:
    found = Order.objects.known_as(words).select_related("service").order_by("-pk")
    for order in found[:SHOWN]:
        about = f"{link_host(order.link)} · {Status(order.status).label}"
        yield Entry(f"{order} · {order.service_name}", reverse("order", args=[order.pk]), about)


def _services(user: User, words: str) -> Iterator[Entry]:
    form = reverse("order-new")
    for service in Service.objects.orderable().for_list().best(words, SHOWN):
        page = reverse("service", args=[service.pk])
        address = f"{form}?service={service.pk}" if user.may(May.PLACE) else page
        price = spell_money(service.rate, service.provider.currency)
        about = f"{service.provider.name} · {service.external_id} · {price}"
        yield Entry(service.name, address, about)


def _providers(words: str) -> Iterator[Entry]:
    for provider in Provider.objects.filter(name__icontains=words).order_by("name")[:SHOWN]:
        yield Entry(provider.name, reverse("provider", args=[provider.pk]))


def _people(words: str) -> Iterator[Entry]:
    for person in User.named(words).order_by("username")[:SHOWN]:
        yield Entry(person.display_name, reverse("person-edit", args=[person.pk]))


def _steps(user: User) -> Iterator[Entry]:
    for title, name, what, keys in STEPS:
        if user.may(what):
            yield Entry(title, reverse(name), keys=keys)


def _pages(user: User) -> Iterator[Entry]:
    for _, places in SECTIONS:
        for title, _, name, what in places:
            if user.may(what):
                yield Entry(title, reverse(name))


def _fitting(words: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Those whose title holds every word."""
    asked = words.casefold().split()
    return (one for one in entries if all(word in one.title.casefold() for word in asked))
