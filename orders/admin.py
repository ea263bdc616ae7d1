"""Orders and their history as records."""

from __future__ import annotations

from django.contrib import admin

from core.record_admin import RecordAdmin

from .models import (
    Attempt,
    CancelRequest,
    ChargeEntry,
    Discrepancy,
    Halt,
    Order,
    OrderEvent,
    PollSchedule,
    Refill,
    Statement,
    TopUp,
)


@admin.register(Order)
class OrderRecords(RecordAdmin):
    list_display = ("pk", "status", "provider", "external_id", "units", "charge", "created_at")
    list_filter = ("status", "provider")
    list_select_related = ("provider",)
    raw_id_fields = ("service",)


@admin.register(Attempt)
class AttemptRecords(RecordAdmin):
    list_display = ("pk", "order", "number", "provider", "outcome", "started_at", "recorded_at")
    list_filter = ("outcome",)
    list_select_related = ("order", "provider")


@admin.register(OrderEvent)
class OrderEventRecords(RecordAdmin):
    list_display = ("pk", "order", "at", "actor", "kind", "before", "after", "text")
    list_select_related = ("order", "actor")


@admin.register(PollSchedule)
class PollScheduleRecords(RecordAdmin):
    list_display = ("pk", "provider", "external_id", "next_at", "failures")
    list_select_related = ("provider", "order")


@admin.register(Refill)
class RefillRecords(RecordAdmin):
    list_display = ("pk", "order", "status", "external_id", "requests", "due_at", "requested_at")
    list_filter = ("status", "provider")
    list_select_related = ("order", "provider")


@admin.register(CancelRequest)
class CancelRecords(RecordAdmin):
    list_display = ("pk", "order", "status", "external_id", "requests", "due_at", "requested_at")
    list_filter = ("status", "provider")
    list_select_related = ("order", "provider")


@admin.register(Halt)
class HaltRecords(RecordAdmin):
    list_display = ("pk", "kind", "provider", "reason", "placed_at", "placed_by", "lifted_at")
    list_filter = ("kind", "provider")
    list_select_related = ("provider", "placed_by")


@admin.register(ChargeEntry)
class ChargeEntryRecords(RecordAdmin):
    list_display = ("pk", "order", "provider", "amount", "at_low", "at_high")
    list_filter = ("provider",)
    list_select_related = ("order", "provider")
    raw_id_fields = ("order",)


@admin.register(Statement)
class StatementRecords(RecordAdmin):
    list_display = ("pk", "provider", "day", "opening", "closing", "difference", "state")
    list_filter = ("state", "provider")
    list_select_related = ("provider",)


@admin.register(TopUp)
class TopUpRecords(RecordAdmin):
    list_display = ("pk", "statement", "amount", "note", "at", "by")
    list_select_related = ("statement", "by")


@admin.register(Discrepancy)
class CaseRecords(RecordAdmin):
    list_display = ("pk", "provider", "day", "kind", "difference", "opened_at", "closed_at")
    list_filter = ("kind", "provider")
    list_select_related = ("provider",)
