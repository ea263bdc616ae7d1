"""Orders that wait, or may be sent again, keep the currency in which their price was agreed to.

That of their account as it is now: in which currency they were shown, older rows do not say. In one
statement, so that nobody's consent to other terms is written over. One that was refused or taken
back may turn out to have been sent, then not to be there after all, and is sent once more.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import migrations

WAITING = ("held", "queued", "sending", "unconfirmed", "not_placed", "rejected", "withdrawn")
MARKS = ", ".join(["%s"] * len(WAITING))
OF_ACCOUNT = """
    (SELECT currency FROM providers_provider WHERE providers_provider.id = orders_order.provider_id)
"""
GIVE = {
    "postgresql": f"""
        UPDATE orders_order SET terms = terms || jsonb_build_object('currency', {OF_ACCOUNT})
        WHERE status = ANY(%s) AND jsonb_typeof(terms) = 'object'
        AND NOT jsonb_exists(terms, 'currency')
    """,  # noqa: S608 - nothing in it is anybody's
    "sqlite": f"""
        UPDATE orders_order SET terms = json_set(terms, '$.currency', {OF_ACCOUNT})
        WHERE status IN ({MARKS}) AND json_type(terms) = 'object'
        AND json_type(terms, '$.currency') IS NULL
    """,  # noqa: S608 - nothing in it is anybody's
}


def give_currency(apps: Apps, schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    told: list[Any] = [list(WAITING)] if vendor == "postgresql" else list(WAITING)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(GIVE[vendor], told)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0055_no_index_twice"),
        ("providers", "0001_squashed_0016_finding_levels"),
    ]

    operations = [migrations.RunPython(give_currency, migrations.RunPython.noop)]
