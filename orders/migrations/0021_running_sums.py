"""Sums of what somebody spends in a day are kept; those of the days still asked for are made."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

import core.money

COSTS_NOTHING = ("rejected", "withdrawn", "not_placed")
AT_ONCE = 1_000


def count_days(apps: Apps, schema_editor: Any) -> None:
    first = timezone.localdate() - timedelta(days=1)
    every = apps.get_model("orders", "Order").objects
    orders = every.filter(parent=None, placed_by__isnull=False, spend_day__gte=first)
    orders = orders.exclude(status__in=COSTS_NOTHING).select_related("provider")
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    last = 0
    while some := list(orders.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = some[-1].pk
        for order in some:
            order.spend_counted = _cost(order)
            key = order.placed_by_id, order.provider.currency, order.spend_day
            sums[key] += order.spend_counted
        every.bulk_update(some, ["spend_counted"])
    days = apps.get_model("orders", "SpendDay").objects
    for (person, currency, day), total in sums.items():
        days.update_or_create(
            person_id=person, currency=currency, day=day, defaults={"total": total}
        )


def _cost(order: Any) -> Decimal:
    costs = (order.charge, order.estimate_high, order.estimate, Decimal(0))
    return next(cost for cost in costs if cost is not None) - (order.refund or Decimal(0))


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0020_answer_places"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="spend_counted",
            field=core.money.MoneyField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="spendday",
            name="total",
            field=core.money.MoneyField(default=Decimal("0")),
        ),
        migrations.CreateModel(
            name="SpendChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=8)),
                ("day", models.DateField()),
                ("amount", core.money.MoneyField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person", "day"], name="spend_change_of_day")
                ],
            },
        ),
        migrations.RunPython(count_days, migrations.RunPython.noop),
    ]
