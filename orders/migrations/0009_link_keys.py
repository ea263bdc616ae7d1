"""Orders and lines that are still to be compared get the key of their link's normal form."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.models import QuerySet

from orders.links import link_key

ENDED = ("rejected", "withdrawn", "completed", "partial", "canceled", "refunded", "expired")
AT_ONCE = 1_000


def give_new_keys(apps: Apps, schema_editor: Any) -> None:
    orders = apps.get_model("orders", "Order").objects.exclude(status__in=ENDED)
    _rewrite(orders, lambda order: order.link)
    lines = apps.get_model("orders", "BatchLine").objects.filter(order=None).exclude(link_key="")
    _rewrite(lines, lambda line: line.cells.get("link") or line.cells.get("username") or "")


def _rewrite(rows: QuerySet[Any], link_of: Any) -> None:
    last = 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = some[-1].pk
        for row in some:
            row.link_key = link_key(str(link_of(row)))
        rows.model.objects.bulk_update(some, ["link_key"])


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_what_repeats_rest_on")]

    operations = [migrations.RunPython(give_new_keys, migrations.RunPython.noop)]
