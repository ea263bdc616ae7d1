"""Addresses of the provider and catalog pages."""

from __future__ import annotations

from django.urls import path

from .views import account, accounts, catalogs, reference, refunds, services

urlpatterns = [
    path("providers/", accounts.providers, name="providers"),
    path("providers/new/", accounts.provider_new, name="provider-new"),
    path("providers/<int:pk>/", account.provider, name="provider"),
    path("providers/<int:pk>/edit/", accounts.provider_edit, name="provider-edit"),
    path("providers/<int:pk>/delete/", accounts.provider_delete, name="provider-delete"),
    path("providers/<int:pk>/key/", accounts.provider_key, name="provider-key"),
    path("providers/<int:pk>/limits/", accounts.provider_limits, name="provider-limits"),
    path("providers/<int:pk>/refunds/", refunds.provider_refunds, name="provider-refunds"),
    path("providers/<int:pk>/pause/", accounts.provider_pause, name="provider-pause"),
    path("providers/<int:pk>/resume/", accounts.provider_resume, name="provider-resume"),
    path("providers/<int:pk>/check/", account.provider_check, name="provider-check"),
    path("providers/<int:pk>/forget/", account.provider_forget, name="provider-forget"),
    path("providers/<int:pk>/balance/", account.provider_balance, name="provider-balance"),
    path("providers/<int:pk>/mirror/", catalogs.provider_mirror, name="provider-mirror"),
    path("catalog-runs/<int:pk>/", catalogs.catalog_run, name="catalog-run"),
    path("catalog-runs/<int:pk>/apply/", catalogs.catalog_run_apply, name="catalog-run-apply"),
    path("catalog-runs/<int:pk>/refuse/", catalogs.catalog_run_refuse, name="catalog-run-refuse"),
    path("services/", services.services, name="services"),
    path("order-types/", reference.order_types, name="order-types"),
    path("services/search/", services.service_search, name="service-search"),
    path("services/changes/", services.service_changes, name="service-changes"),
    path("services/<int:pk>/", services.service, name="service"),
    path("services/<int:pk>/type/", services.service_type, name="service-type"),
]
