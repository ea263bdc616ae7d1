"""Addresses of the orders pages."""

from __future__ import annotations

from django.urls import path

from .views import bulk, exporting, jobs, listing, order, placing, settling, words

urlpatterns = [
    path("", listing.orders, name="orders"),
    path("export/", exporting.order_export, name="order-export"),
    path("filters/<int:pk>/delete/", listing.saved_filter_delete, name="saved-filter-delete"),
    path("bulk/", bulk.order_bulk, name="order-bulk"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/stop/", jobs.job_stop, name="job-stop"),
    path("new/", placing.order_new, name="order-new"),
    path("new/preview/", placing.order_preview, name="order-preview"),
    path("unconfirmed/", settling.unconfirmed, name="unconfirmed"),
    path("words/<int:pk>/", words.provider_words, name="provider-words"),
    path("words/<int:pk>/forget/", words.provider_word_forget, name="provider-word-forget"),
    path("<int:pk>/", order.order, name="order"),
    path("<int:pk>/withdraw/", order.order_withdraw, name="order-withdraw"),
    path("<int:pk>/release/", order.order_release, name="order-release"),
    path("<int:pk>/requeue/", order.order_requeue, name="order-requeue"),
    path("<int:pk>/refresh/", order.order_refresh, name="order-refresh"),
    path("<int:pk>/note/", order.order_note, name="order-note"),
    path("<int:pk>/about/", order.order_about, name="order-about"),
    path("<int:pk>/settle/", settling.order_settle, name="order-settle"),
    path("<int:pk>/settle/link/", settling.order_link, name="order-link"),
    path("<int:pk>/settle/not-placed/", settling.order_not_placed, name="order-not-placed"),
    path("<int:pk>/settle/give-up/", settling.order_give_up, name="order-give-up"),
]
