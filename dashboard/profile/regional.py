"""Answers a request in the time zone and number format of the person who asks."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from core.models import User
from core.regional.numbers import shown_as
from core.regional.time_zones import zone_named


class AsThePersonReads:
    """Middleware. Only what is shown and typed follows the person: the days of limits, statements
    and filters are those of the desk (core/regional/desk_days.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or not user.preferences:
            return self.get_response(request)  # nothing was chosen: as the desk
        chosen = user.chosen
        with timezone.override(zone_named(chosen.time_zone)), shown_as(chosen.numbers):
            return self.get_response(request)
