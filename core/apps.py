from django.apps import AppConfig
from django.db.backends.signals import connection_created

from .money import let_sqlite_add


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "Desk"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the system checks)

        connection_created.connect(let_sqlite_add)
