"""The desk's web application, for a chaos run."""

from __future__ import annotations

from typing import Any

from . import celery_app


def _desk_application() -> Any:
    assert celery_app.app is not None  # imported first: it makes this process ready
    from dashboard.wsgi import application

    return application


application = _desk_application()
