"""All tables of this app as 0001 to 0016 leave them, at once; old databases go their way still.

SQLite walks a narrow index in the order of the page and looks for the words there, instead of
in rows made wide by descriptions. PostgreSQL finds them by their trigrams where the extension
may be made; without it the search is slower and nothing else changes.
"""

from typing import Any

import core.encryption
import core.money
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import DatabaseError, migrations, models, transaction


SQLITE = (
    "CREATE INDEX service_search ON providers_service (category, id, search_text)"
    " WHERE gone_at IS NULL"
)
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX service_search ON providers_service USING gin (search_text gin_trgm_ops)",
)


def make(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in POSTGRESQL:
                cursor.execute(statement)
    except DatabaseError:
        return  # this role may not make extensions


def remove(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP INDEX IF EXISTS service_search")


class Migration(migrations.Migration):

    replaces = [
        ("providers", "0001_initial"),
        ("providers", "0002_search_index"),
        ("providers", "0003_recovery_lane"),
        ("providers", "0004_empty_order_in_an_examination"),
        ("providers", "0005_lane_for_ended_orders"),
        ("providers", "0006_one_budget"),
        ("providers", "0007_refund_style"),
        ("providers", "0008_key_unreadable"),
        ("providers", "0009_proposed_terms"),
        ("providers", "0010_one_row_per_account"),
        ("providers", "0011_moved_at"),
        ("providers", "0012_leases_and_breaker"),
        ("providers", "0013_leased_rows"),
        ("providers", "0014_phrases_of_events"),
        ("providers", "0015_connection_reports"),
        ("providers", "0016_finding_levels"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Provider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('url', models.URLField(max_length=300, verbose_name='address')),
                ('key_ciphertext', core.encryption.EncryptedTextField(blank=True, default='', editable=False)),
                ('key_last4', models.CharField(blank=True, default='', editable=False, max_length=4)),
                ('key_fingerprint', models.CharField(blank=True, default='', editable=False, max_length=16)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused')], default='active', max_length=10)),
                ('paused_reason', models.CharField(blank=True, default='', max_length=300)),
                ('currency', models.CharField(blank=True, default='USD', max_length=8)),
                ('notes', models.TextField(blank=True, default='', max_length=4000)),
                ('calls_per_minute', models.PositiveIntegerField(default=50, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60000)], verbose_name='calls a minute')),
                ('add_spacing_ms', models.PositiveIntegerField(default=1000, validators=[django.core.validators.MaxValueValidator(600000)], verbose_name='pause between orders, ms')),
                ('batch_size', models.PositiveSmallIntegerField(default=100, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='orders in one status call')),
                ('catalog_every_hours', models.PositiveSmallIntegerField(default=6, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(720)], verbose_name='hours between catalogs')),
                ('delays', models.CharField(blank=True, default='', max_length=300, verbose_name='delays of subscriptions, minutes')),
                ('intervals', models.CharField(blank=True, default='', max_length=300, verbose_name='intervals of drip-feeds, minutes')),
                ('low_balance', core.money.MoneyField(blank=True, null=True, verbose_name='warn below')),
                ('dialect', models.JSONField(blank=True, default=dict, editable=False)),
                ('balance', core.money.MoneyField(blank=True, editable=False, null=True)),
                ('balance_currency', models.CharField(blank=True, default='', editable=False, max_length=8)),
                ('balance_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('balance_error', models.CharField(blank=True, default='', editable=False, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('refund_evidence', models.JSONField(blank=True, default=dict, editable=False)),
                ('refund_style', models.CharField(blank=True, choices=[('', 'Not known yet'), ('lowered', 'The charge is lowered'), ('apart', 'The charge stays, the refund comes apart')], default='', max_length=8, verbose_name='refunds')),
                ('refunds_booked_as', models.CharField(blank=True, default='', editable=False, max_length=8)),
                ('upstream', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('is_allowed_twin', models.BooleanField(default=False, editable=False)),
                ('moved_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['active', 'paused'])), name='provider_state_is_known'), models.CheckConstraint(condition=models.Q(('refund_style__in', ['', 'lowered', 'apart'])), name='refund_style_is_known'), models.UniqueConstraint(condition=models.Q(('is_allowed_twin', False), models.Q(('upstream', ''), _negated=True)), fields=('upstream',), name='one_row_per_account_upstream')],
            },
        ),
        migrations.CreateModel(
            name='BalanceReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', core.money.MoneyField()),
                ('currency', models.CharField(blank=True, default='', max_length=8)),
                ('read_at', models.DateTimeField()),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='balance_readings', to='providers.provider')),
            ],
            options={
                'indexes': [models.Index(fields=['provider', '-read_at'], name='reading_newest')],
            },
        ),
        migrations.CreateModel(
            name='ProviderEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('text', models.CharField(max_length=500)),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='providers.provider')),
                ('phrase', models.TextField(blank=True, default='')),
            ],
            options={
                'indexes': [models.Index(fields=['provider', '-id'], name='provider_event_newest'), models.Index(condition=models.Q(('phrase', ''), _negated=True), fields=['provider', 'id'], name='provider_event_phrases')],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=500)),
                ('category', models.CharField(blank=True, default='', max_length=300)),
                ('published_type', models.CharField(blank=True, default='', max_length=80)),
                ('type', models.CharField(blank=True, default='', max_length=40)),
                ('chosen_type', models.CharField(blank=True, default='', max_length=40)),
                ('rate', core.money.MoneyField(blank=True, null=True)),
                ('min', models.BigIntegerField(blank=True, null=True)),
                ('max', models.BigIntegerField(blank=True, null=True)),
                ('refill', models.BooleanField(blank=True, null=True)),
                ('cancel', models.BooleanField(blank=True, null=True)),
                ('dripfeed', models.BooleanField(blank=True, null=True)),
                ('average_time', models.CharField(blank=True, default='', max_length=120)),
                ('search_text', models.TextField(default='', editable=False)),
                ('first_seen_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('description', models.TextField(blank=True, default='')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='providers.provider')),
            ],
            options={
                'indexes': [models.Index(fields=['provider', 'category', 'id'], name='service_by_category'), models.Index(fields=['category', 'id'], name='service_in_order'), models.Index(fields=['rate', 'id'], name='service_by_price'), models.Index(fields=['provider', 'rate', 'id'], name='service_by_rate'), models.Index(condition=models.Q(('gone_at', None)), fields=['provider'], name='service_offered'), models.Index(fields=['type', 'id'], name='service_by_type')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'external_id'), name='service_id_once_per_provider')],
            },
        ),
        migrations.CreateModel(
            name='CatalogRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('running', 'Running'), ('applied', 'Applied'), ('held', 'Waiting for a person'), ('refused', 'Refused by a person'), ('failed', 'Failed'), ('superseded', 'Overtaken by a newer run')], default='running', max_length=12)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('step', models.CharField(blank=True, default='', max_length=80)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('seen', models.PositiveIntegerField(default=0)),
                ('added', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('gone', models.PositiveIntegerField(default=0)),
                ('back', models.PositiveIntegerField(default=0)),
                ('unreadable', models.PositiveIntegerField(default=0)),
                ('unreadable_samples', models.JSONField(blank=True, default=list)),
                ('error', models.CharField(blank=True, default='', max_length=300)),
                ('held_catalog', models.BinaryField(blank=True, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='catalog_runs', to='providers.provider')),
                ('held_because', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'indexes': [models.Index(fields=['provider', '-started_at'], name='run_newest'), models.Index(condition=models.Q(('state', 'held')), fields=['started_at'], name='run_waits_for_a_person')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('provider',), name='one_run_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='ProviderHealth',
            fields=[
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='health', serialize=False, to='providers.provider')),
                ('booked_until', models.DateTimeField(null=True)),
                ('pace', models.FloatField(default=1.0)),
                ('slow_until', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('probe_until', models.DateTimeField(null=True)),
                ('last_ok_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=300)),
                ('last_error_at', models.DateTimeField(null=True)),
                ('key_refused_at', models.DateTimeField(null=True)),
                ('next_add_at', models.DateTimeField(null=True)),
                ('funds_refused_at', models.DateTimeField(null=True)),
                ('latency_ms', models.FloatField(null=True)),
                ('eased_until', models.DateTimeField(null=True)),
                ('adds_booked_until', models.DateTimeField(null=True)),
                ('key_unreadable_at', models.DateTimeField(null=True)),
                ('open_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('placing', 'Placing'), ('following', 'Following'), ('balance', 'Balance'), ('catalog', 'Catalog'), ('requests', 'Requests'), ('refills', 'Refills'), ('recovery', 'Recovery'), ('ended', 'Ended')], max_length=10)),
                ('holder', models.CharField(blank=True, default='', max_length=36)),
                ('held_until', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='providers.provider')),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'due_at'], name='lease_due')],
                'constraints': [models.UniqueConstraint(fields=('provider', 'kind'), name='one_lease_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='ConnectionReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('findings', models.JSONField(default=list)),
                ('services_seen', models.PositiveIntegerField(default=0)),
                ('run_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('step', models.CharField(blank=True, default='', max_length=80)),
                ('run_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='connection_reports', to='providers.provider')),
                ('with_empty_order', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(fields=['provider', '-run_at'], name='connection_report_newest')],
            },
        ),
        migrations.CreateModel(
            name='ServiceChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('new', 'New'), ('rate', 'Price'), ('min', 'Minimum'), ('max', 'Maximum'), ('name', 'Name'), ('category', 'Category'), ('type', 'Type'), ('refill', 'Refill'), ('cancel', 'Cancel'), ('dripfeed', 'Drip-feed'), ('description', 'Description'), ('average_time', 'Average time'), ('gone', 'Gone'), ('back', 'Back')], max_length=12)),
                ('before', models.TextField(blank=True, default='')),
                ('after', models.TextField(blank=True, default='')),
                ('seen_at', models.DateTimeField()),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='providers.provider')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='changes', to='providers.catalogrun')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='providers.service')),
            ],
            options={
                'indexes': [models.Index(fields=['service', '-id'], name='change_of_service'), models.Index(fields=['provider', '-id'], name='change_of_provider'), models.Index(fields=['kind', '-id'], name='change_of_kind')],
            },
        ),
        migrations.CreateModel(
            name='ProposedTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=500)),
                ('type', models.CharField(blank=True, default='', max_length=40)),
                ('rate', core.money.MoneyField(blank=True, null=True)),
                ('min', models.BigIntegerField(blank=True, null=True)),
                ('max', models.BigIntegerField(blank=True, null=True)),
                ('dripfeed', models.BooleanField(blank=True, null=True)),
                ('is_offered', models.BooleanField(default=True)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='providers.provider')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposed_terms', to='providers.catalogrun')),
                ('service', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='proposed', to='providers.service')),
            ],
        ),
        migrations.RunPython(make, remove, elidable=False),
    ]
