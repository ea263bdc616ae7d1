"""The Django admin, for admins only and read-mostly."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest

from core.roles import May


class DeskAdmin(admin.AdminSite):
    """Open to those who keep people; everything it shows is registered read-only or nearly so."""

    site_header = site_title = "Reseller Desk"
    index_title = "Rows"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and user.may(May.KEEP_PEOPLE)


class DeskAdminConfig(AdminConfig):
    default_site = "dashboard.admin.DeskAdmin"
