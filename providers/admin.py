"""Accounts and catalogs as records. A key is never among them."""

from __future__ import annotations

from django.contrib import admin

from core.record_admin import RecordAdmin

from .models import (
    BalanceReading,
    CatalogRun,
    ConnectionReport,
    Provider,
    ProviderEvent,
    Service,
    ServiceChange,
)


@admin.register(Provider)
class ProviderRecords(RecordAdmin):
    list_display = ("name", "url", "state", "balance", "balance_currency", "balance_at")
    list_filter = ("state",)
    fields = (
        "name",
        "url",
        "state",
        "paused_reason",
        "currency",
        "key_last4",
        "key_fingerprint",
        "version",
        "calls_per_minute",
        "add_spacing_ms",
        "batch_size",
        "catalog_every_hours",
        "delays",
        "intervals",
        "low_balance",
        "balance",
        "balance_currency",
        "balance_at",
        "dialect",
        "created_at",
    )
    readonly_fields = fields


@admin.register(ProviderEvent)
class ProviderEventRecords(RecordAdmin):
    list_display = ("pk", "provider", "at", "actor", "text")
    list_select_related = ("provider", "actor")


@admin.register(Service)
class ServiceRecords(RecordAdmin):
    list_display = ("pk", "provider", "external_id", "name", "type", "rate", "gone_at")
    list_filter = ("provider",)
    list_select_related = ("provider",)


@admin.register(ServiceChange)
class ServiceChangeRecords(RecordAdmin):
    list_display = ("pk", "provider", "service", "kind", "before", "after", "seen_at")
    list_filter = ("kind",)
    list_select_related = ("provider", "service")


@admin.register(CatalogRun)
class CatalogRunRecords(RecordAdmin):
    list_display = ("pk", "provider", "state", "started_at", "seen", "added", "changed", "gone")
    list_filter = ("provider",)
    list_select_related = ("provider",)
    exclude = ("held_catalog",)


@admin.register(BalanceReading)
class BalanceReadingRecords(RecordAdmin):
    list_display = ("pk", "provider", "amount", "currency", "read_at")
    list_filter = ("provider",)
    list_select_related = ("provider",)


@admin.register(ConnectionReport)
class ConnectionReportRecords(RecordAdmin):
    list_display = ("pk", "provider", "services_seen", "run_at", "run_by")
    list_select_related = ("provider", "run_by")
