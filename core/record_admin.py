"""Rows as the Django admin shows them: to look at, never to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

from .models import User
from .roles import May

if TYPE_CHECKING:  # generic for the type checker only
    Admin = admin.ModelAdmin[Model]
    AnyPaginator = Paginator[Any]
else:
    Admin, AnyPaginator = admin.ModelAdmin, Paginator

NEWEST = 10_000


class NewestRows(AnyPaginator):
    """Pages over the newest rows only: a million rows are neither counted nor skipped over."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: NEWEST + 1].count())


class RecordAdmin(Admin):
    """Read-only, newest first. Changes go through the desk's own pages, which keep history."""

    paginator = NewestRows
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count every row
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by = ()
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return isinstance(user, User) and user.may(May.KEEP_PEOPLE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
