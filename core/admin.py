"""People and what was done to them, as records. They are changed under People."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group

from .models import User
from .record_admin import RecordAdmin

admin.site.unregister(Group)  # Django's own page for groups could change what a role is


@admin.register(User)
class UserRecords(RecordAdmin):
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    fields = (
        "username",
        "first_name",
        "last_name",
        "is_active",
        "groups",
        "last_login",
        "date_joined",
    )


@admin.register(LogEntry)
class LogRecords(RecordAdmin):
    list_display = ("pk", "action_time", "user", "object_repr", "change_message")
    list_select_related = ("user", "content_type")
