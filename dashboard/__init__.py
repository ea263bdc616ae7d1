"""The roof: settings, addresses, timetable, people, health."""

from .celery import app as celery_app

__all__ = ["celery_app"]
