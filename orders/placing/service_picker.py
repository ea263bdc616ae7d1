"""Choosing what to order: by words, by recipe, or what this person orders often or lately."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.clocks import database_now
from core.models import User
from core.roles import May
from core.texts import without_unseen
from core.web.pages import page_or_part, with_toast
from core.web.policy import StaffRequest, allow
from providers.account_health import account_health
from providers.models import Service, ServiceQuerySet

from ..links import LONGEST_LINK
from ..models import FavouriteService, Order, Recipe

PAGE = "orders/placing/service_picker.html"
SHOWN = 20
LATELY = 60  # orders of this person that are looked through
LAST_USED = 8
MOST_FAVOURITES = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """One service to choose, and what keeps its provider's orders waiting now, if anything."""

    service: Service
    is_favourite: bool
    trouble: str


def pick_service(request: StaffRequest) -> HttpResponse:
    """The page of the search; without words what this person may mean."""
    words = request.GET.get("q", "").strip()[:200]
    favourites = set(request.user.favourite_services.values_list("service_id", flat=True))
    now = database_now()
    found = _rows(Service.objects.offered()).best(words, SHOWN + 1) if words else []
    link = carried_link(request)
    context = {
        "words": words,
        "link": link,
        "carried": f"&{urlencode({'link': link})}" if link else "",
        "found": _choices(found[:SHOWN], favourites, now),
        "is_cut": len(found) > SHOWN,
        "recipes": _recipes(request.user, words),
        **({} if words else _usual(request.user, favourites, now)),
    }
    return render(request, page_or_part(request, PAGE, "service-results"), context)


def carried_link(request: StaffRequest) -> str:
    """The link that was typed for another service, and is taken along to the one chosen now."""
    return without_unseen(request.GET.get("link", "")).strip()[:LONGEST_LINK]


def _usual(user: User, favourites: set[int], now: datetime) -> dict[str, object]:
    liked = _rows(Service.objects.filter(pk__in=favourites)).order_by("name", "id")
    lately = user_services(user)
    used = {service.pk: service for service in _rows(Service.objects.filter(pk__in=lately))}
    return {
        "favourites": _choices(liked, favourites, now),
        "last_used": _choices([used[pk] for pk in lately if pk in used], favourites, now),
    }


def _recipes(user: User, words: str) -> list[tuple[int, Recipe]]:
    """This person's own, numbered by name: of this number, or with each word in the name."""
    numbered = enumerate(user.recipes.select_related("service__provider").order_by("name"), 1)
    asked = words.casefold().split()
    fitting = [
        (number, recipe)
        for number, recipe in numbered
        if words == str(number) or all(word in recipe.name.casefold() for word in asked)
    ]
    return sorted(fitting, key=lambda one: words != str(one[0]))


def user_services(user: User) -> list[int]:
    """The services of this person's last orders, the latest first, each once."""
    newest = Order.objects.filter(placed_by=user).order_by("-pk")
    return list(dict.fromkeys(newest.values_list("service_id", flat=True)[:LATELY]))[:LAST_USED]


def _rows(services: ServiceQuerySet) -> ServiceQuerySet:
    return services.for_list().select_related("provider__health")


def _choices(services: Iterable[Service], favourites: set[int], now: datetime) -> list[Choice]:
    return [
        Choice(service, service.pk in favourites, _trouble(service, now)) for service in services
    ]


def _trouble(service: Service, now: datetime) -> str:
    health = account_health(service.provider, now=now)
    return health.label if health.keeps_orders else ""


@allow(May.PLACE)
@require_POST
def service_favourite(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep a service among one's favourites (`keep`), or take it out again."""
    service = get_object_or_404(Service, pk=pk)
    mine = FavouriteService.objects.filter(person=request.user)
    refusal = ""
    if "keep" not in request.POST:
        mine.filter(service=service).delete()
    elif mine.count() < MOST_FAVOURITES:
        FavouriteService.objects.get_or_create(person=request.user, service=service)
    else:
        refusal = f"You have {MOST_FAVOURITES} favourites. Take one out first."
    is_on_form = request.POST.get("back") == "form"
    if request.htmx:
        name = "step" if is_on_form else "star"
        is_favourite = mine.filter(service=service).exists()
        context = {"service": service, "is_favourite": is_favourite, "words": True}
        answer = render(request, f"orders/placing/_favourite_{name}.html", context)
        return with_toast(answer, refusal, "error") if refusal else answer
    if refusal:
        messages.error(request, refusal)
    if is_on_form:
        return HttpResponseRedirect(f"{reverse('order-new')}?service={pk}")
    return redirect("order-new")
