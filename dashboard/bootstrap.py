"""What has to stand before the first request: tables, static files, a first admin, a sandbox."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.views.decorators.debug import sensitive_variables

from core.clocks import Clock
from core.durable_files import locked_directory
from core.models import User
from core.roles import Role
from providers.actions.accounts import add_provider, change_address, change_settings, set_key
from providers.actions.balances import balance_run
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.actions.connection_checks import check_provider, open_report
from providers.connect import client_for
from providers.models import Provider

Say = Callable[[str], None]
SANDBOX_NAME = "Sandbox"
SANDBOX_LIMITS = {"calls_per_minute": 1200, "add_spacing_ms": 100}


def migrate(say: Say) -> None:
    """Bring the tables up to date."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0)
    else:
        executor.check_replacements()  # as `migrate` notes it: moving data compares what is noted
    kind = "SQLite, in the data directory" if connection.vendor == "sqlite" else "PostgreSQL"
    news = f"; {len(plan)} migrations applied" if plan else ""
    say(f"  database   {kind}{news}")


def collect_static_files(say: Say) -> None:
    """Gather and compress what browsers load, unless nothing changed since the last time. Of two
    desks that start from one checkout, one does it and the other waits."""
    root = Path(settings.STATIC_ROOT)
    stamp, digest = root / ".digest", _static_digest()
    if _is_gathered(stamp, digest):
        return
    with locked_directory(root):
        if _is_gathered(stamp, digest):
            return
        say("  pages      gathering style sheets and scripts …")
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        stamp.write_text(digest)


def _is_gathered(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def static_files_are_there() -> bool:
    """Whether somebody gathered them: pages find style sheets and scripts by the manifest."""
    return (Path(settings.STATIC_ROOT) / "staticfiles.json").exists()


def _static_digest() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            state = Path(storage.path(name)).stat()
            digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@sensitive_variables("password")
def make_first_admin(password: str) -> bool:
    """An admin called "admin", when there are no people yet. False: there are."""
    if User.objects.exists():
        return False
    admin = User(username="admin")
    admin.set_password(password)
    admin.save()
    admin.set_role(Role.ADMIN)
    return True


@sensitive_variables("key")
def add_sandbox(url: str, key: str, *, clock: Clock, say: Say) -> Provider:
    """The account at the sandbox, whose address and key are as they are on this start."""
    provider = Provider.objects.filter(name=SANDBOX_NAME).first()
    if provider is None:
        currency = "USD"
        provider = add_provider(
            name=SANDBOX_NAME, url=url, key=key, currency=currency, actor=None, now=clock()
        )
        change_settings(provider, SANDBOX_LIMITS, actor=None, now=clock())
    elif change_address(provider, url, actor=None, now=clock()):
        say(f"  sandbox    moved to {url}")
        set_key(provider, key, actor=None, now=clock())
    return provider


def mirror_sandbox(provider: Provider, *, clock: Clock, say: Say) -> None:
    """Check the sandbox's connection and mirror its catalog, the first time; later, beat does."""
    if provider.services.exists():
        return
    say("  catalog    asking the sandbox what it offers …")
    report = open_report(provider, actor=None, now=clock())
    check_provider(report, client_for(provider), clock=clock)
    provider.refresh_from_db()
    balance_run(provider, client_for, clock=clock)
    mirror_run(provider, client_for, clock=clock)
    say(f"  catalog    {provider.services.count()} services mirrored")
