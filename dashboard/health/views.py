"""Is the desk up, and can it do its work? For load balancers and for `manage.py up`."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from core.clocks import HEARTBEAT_STALE_SECONDS, database_now
from core.web.policy import public

from ..celery import app
from ..models import BEAT, Heartbeat
from ..timetable import QUEUES
from .watchdog import StandsStill, what_stands_still, worst_of


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 with database, broker, a recent beat, and nothing standing still that no provider and no
    person explains; 503 otherwise. `standing_still` names all of it, with reasons;
    `workers_seconds_ago` tells when each queue was last served (null: never)."""
    ages = _ages()
    beat = None if ages is None else ages.get(BEAT)
    found = {
        "database": ages is not None,
        "broker": broker_answers(),
        "beat": beat is not None and beat <= HEARTBEAT_STALE_SECONDS,
    }
    late = _standing_still() if found["database"] else []
    ready = all(found.values()) and not worst_of(late)
    body = {
        "ready": ready,
        **found,
        "standing_still": [one.as_json() for one in late],
        "beat_seconds_ago": beat,
        "workers_seconds_ago": {queue: (ages or {}).get(queue) for queue in QUEUES},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _ages() -> dict[str, float] | None:
    try:
        return Heartbeat.objects.ages(database_now())
    except DatabaseError:
        return None


def _standing_still() -> list[StandsStill]:
    try:
        return what_stands_still(database_now())
    except DatabaseError:
        return []


def broker_answers() -> bool:
    """True when the broker answers within about a second."""
    patience = {
        **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
    }
    try:
        with app.connection_for_write(transport_options=patience) as line:
            line.ensure_connection(max_retries=1, interval_start=0)
    except (OperationalError, OSError):
        return False
    return True
