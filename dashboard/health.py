"""Is the desk up, and can it do its work? For load balancers and for `manage.py up`."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from core.clocks import HEARTBEAT_STALE_SECONDS, database_now
from core.policy import public

from .celery import app
from .models import BEAT, Heartbeat
from .timetable import QUEUES


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
    """200 with database, broker and a recent beat; 503 otherwise. `workers` tells how many seconds
    ago each queue was last heard (null: never) and does not decide: pages work without them."""
    ages = _ages()
    beat = None if ages is None else ages.get(BEAT)
    found = {
        "database": ages is not None,
        "broker": broker_answers(),
        "beat": beat is not None and beat <= HEARTBEAT_STALE_SECONDS,
    }
    ready = all(found.values())
    body = {
        "ready": ready,
        **found,
        "beat_seconds_ago": beat,
        "workers_seconds_ago": {queue: (ages or {}).get(queue) for queue in QUEUES},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _ages() -> dict[str, float] | None:
    try:
        return Heartbeat.objects.ages(database_now())
    except DatabaseError:
        return None


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
