from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate, pre_migrate

from .databases.postgresql import lift_statement_timeout, restore_statement_timeout


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = "Dashboard"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (shared tasks find their app; not in __init__: slow)
        from .session_age import begin

        user_logged_in.connect(begin)
        pre_migrate.connect(lift_statement_timeout)
        post_migrate.connect(restore_statement_timeout)
