"""Every address of the desk."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("dashboard.routes")),
    path("orders/", include("orders.urls")),
    path("", include("providers.urls")),
]

handler403 = "dashboard.failures.forbidden"
handler404 = "dashboard.failures.not_found"
handler500 = "dashboard.failures.broke"
