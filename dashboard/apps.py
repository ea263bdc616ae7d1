from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (shared tasks find their app; not in __init__: slow)
