"""Orders that are not sent yet keep the terms they wait under, and the day they count on."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

UNSENT = ("held", "queued", "sending", "unconfirmed", "not_placed")
AT_ONCE = 1_000


def give_terms(apps: Apps, schema_editor: Any) -> None:
    recent = models.Q(created_at__gte=timezone.now() - timedelta(days=2))
    orders = apps.get_model("orders", "Order").objects.filter(parent=None)
    orders = orders.filter(recent | models.Q(status__in=UNSENT)).select_related("service")
    last = 0
    while some := list(orders.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = some[-1].pk
        for order in some:
            order.spend_day = timezone.localdate(order.starts_at or order.created_at)
            if order.status in UNSENT:
                order.terms = _terms(order)
        orders.model.objects.bulk_update(some, ["spend_day", "terms"])


def _terms(order: Any) -> dict[str, Any]:
    service = order.service
    return {
        "name": service.name,
        "type": order.type,
        "rate": None if order.rate is None else f"{order.rate:f}",
        "min": service.min,
        "max": service.max,
        "dripfeed": service.dripfeed,
        "offered": service.gone_at is None,
    }


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0012_counted_wait'),
        ('providers', '0005_lane_for_ended_orders'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceTolerance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.DecimalField(decimal_places=2, max_digits=5)),
            ],
        ),
        migrations.CreateModel(
            name='SpendDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=8)),
                ('day', models.DateField()),
                ('turns', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='order',
            name='spend_day',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='terms',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batchline',
            name='terms',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='order',
            name='hold_reason',
            field=models.CharField(blank=True, choices=[('', '—'), ('provider_paused', 'The provider is paused'), ('funds', "The provider's balance is too low"), ('link_busy', 'An order with this link is still running there'), ('key', 'The provider refuses our key'), ('scheduled', 'It starts at a set time'), ('spend_limit', 'A spend limit is reached'), ('blocked_link', 'Its link is on the block list'), ('terms_changed', 'The terms of its service changed')], default='', max_length=16),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('spend_day__isnull', False)), fields=['placed_by', 'spend_day'], name='order_by_spend_day'),
        ),
        migrations.AddField(
            model_name='spendday',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='spendday',
            constraint=models.UniqueConstraint(fields=('person', 'currency', 'day'), name='one_row_per_person_and_day'),
        ),
        migrations.RunPython(give_terms, migrations.RunPython.noop),
    ]
