"""The desk's Celery app, for the workers and the beat of a chaos run."""

from __future__ import annotations

from celery import Celery

from . import entry


def _desk_app() -> Celery:
    entry.prepare()
    from dashboard.celery import app

    entry.ring_unreliably(app)
    return app


app = _desk_app()
