"""What is still compared gets the key of its link without what sharing has added to it."""

from datetime import timedelta
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from orders.links import link_key

ENDED = ("rejected", "withdrawn", "completed", "partial", "canceled", "refunded", "expired")
AT_ONCE = 1_000
COMPARED_FOR = timedelta(days=2)  # those that have ended are asked about for a day


def give_new_keys(apps: Apps, schema_editor: Any) -> None:
    """Only a link with a question mark can have another one now."""
    compared = ~Q(status__in=ENDED) | Q(created_at__gte=now() - COMPARED_FOR)
    orders = apps.get_model("orders", "Order").objects.filter(compared, link__contains="?")
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
    dependencies = [("orders", "0031_two_lives_of_a_send")]

    operations = [migrations.RunPython(give_new_keys, migrations.RunPython.noop)]
