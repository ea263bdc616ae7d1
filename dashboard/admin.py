"""The Django admin, for admins only: every row to look at, none to change."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from core.roles import May


class DeskAdmin(admin.AdminSite):
    """Open to those who keep people. One way in: the desk's own log-in and password pages."""

    site_header = site_title = "Reseller Desk"
    index_title = "Admin data"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and user.may(May.KEEP_PEOPLE)  # Django loads us before models

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django would send everybody without permission to a log-in page of its own."""
        guarded = super().admin_view(view, cacheable)

        @wraps(view)
        def refused_or_guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            response: HttpResponse = guarded(request, *args, **kwargs)
            return response

        return refused_or_guarded

    @login_not_required
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return _to_log_in(request.GET.get("next") or reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("password")


def _to_log_in(wanted: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('log-in')}?{urlencode({'next': wanted})}")


class DeskAdminConfig(AdminConfig):
    default_site = "dashboard.admin.DeskAdmin"
