"""Addresses of the orders pages."""

from __future__ import annotations

from django.urls import path

from .aftersales import views as aftersales_views
from .bulk import confirm_views, export_views
from .bulk import views as bulk_views
from .limits import views as limits_views
from .mass import batch_views, paste_views
from .moved_addresses import moved_addresses
from .pages import list_layout, list_views, order_views, peek_view
from .placing import recipes, service_picker, terms_views
from .placing import views as placing_views
from .reconciliation import discrepancy_views, statement_views
from .recovery import phrase_views, resolve_views, support_report_views
from .recovery import views as recovery_views
from .restores import look_into_views
from .restores import views as restores_views
from .sending import views as sending_views

urlpatterns = [
    path("", list_views.orders, name="orders"),
    path("layout/", list_layout.list_layout, name="order-list-layout"),
    path("export/", export_views.order_export, name="order-export"),
    path("views/", list_views.saved_view_tabs, name="saved-view-tabs"),
    path("filters/<int:pk>/delete/", list_views.saved_filter_delete, name="saved-filter-delete"),
    path("bulk/", confirm_views.order_bulk, name="order-bulk"),
    path("bulk-actions/", bulk_views.jobs, name="bulk-actions"),
    path("bulk-actions/<int:pk>/", bulk_views.job, name="bulk-action"),
    path("bulk-actions/<int:pk>/stop/", bulk_views.job_stop, name="bulk-action-stop"),
    path("mass-orders/new/", paste_views.mass_order, name="mass-order-new"),
    path("mass-orders/", paste_views.batches, name="mass-orders"),
    path("mass-orders/<int:pk>/", batch_views.batch, name="mass-order"),
    path("mass-orders/<int:pk>/figures/", batch_views.batch_figures, name="mass-order-figures"),
    path("mass-orders/lines/<int:pk>/", batch_views.batch_line, name="mass-order-line"),
    path("mass-orders/<int:pk>/place/", batch_views.batch_place, name="mass-order-place"),
    path("mass-orders/<int:pk>/check/", batch_views.batch_recheck, name="mass-order-check"),
    path("mass-orders/<int:pk>/withdraw/", batch_views.batch_withdraw, name="mass-order-withdraw"),
    path("mass-orders/<int:pk>/discard/", batch_views.batch_discard, name="mass-order-discard"),
    path("limits/", limits_views.limits, name="limits"),
    path("limits/block/", limits_views.limits_block, name="limits-block"),
    path("limits/<int:pk>/unblock/", limits_views.limits_unblock, name="limits-unblock"),
    path("limits/limit/", limits_views.limits_spend, name="limits-spend"),
    path("limits/tolerance/", limits_views.limits_tolerance, name="limits-tolerance"),
    path("terms/", terms_views.changed_terms, name="changed-terms"),
    path("terms/accept/", terms_views.terms_accept, name="terms-accept"),
    path("terms/withdraw/", terms_views.terms_withdraw, name="terms-withdraw"),
    path("sending-control/", sending_views.sending_control, name="sending-control"),
    path("sending-control/all/", sending_views.stop_all, name="stop-all"),
    path("sending-control/incident/", sending_views.stop_incident, name="stop-incident"),
    path("sending-control/<int:pk>/open/", sending_views.halt_lift, name="halt-lift"),
    path("sending-control/<int:pk>/cancels/", sending_views.halt_cancels, name="halt-cancels"),
    path("recovery/<int:pk>/", recovery_views.provider_recovery, name="provider-recovery"),
    path(
        "recovery/<int:pk>/calibrate/",
        recovery_views.provider_recovery_calibrate,
        name="provider-recovery-calibrate",
    ),
    path(
        "recovery/<int:pk>/resume/",
        recovery_views.provider_recovery_resume,
        name="provider-recovery-resume",
    ),
    path("new/favourites/<int:pk>/", service_picker.service_favourite, name="service-favourite"),
    path("new/recipes/<int:pk>/", recipes.recipe_save, name="recipe-save"),
    path("new/recipes/<int:pk>/delete/", recipes.recipe_delete, name="recipe-delete"),
    path("new/", placing_views.order_new, name="order-new"),
    path("new/preview/", placing_views.order_preview, name="order-preview"),
    path("unconfirmed/", resolve_views.unconfirmed, name="unconfirmed"),
    path("restored/", restores_views.restored, name="restored"),
    path("restored/run/", restores_views.restored_run, name="restored-run"),
    path("restored/acknowledge/", restores_views.restored_acknowledge, name="restored-acknowledge"),
    path("restored/sent/<int:pk>/", restores_views.restored_sent, name="restored-sent"),
    path(
        "restored/looked-into/", look_into_views.restored_looked_into, name="restored-looked-into"
    ),
    path("restored/<int:pk>/order/", restores_views.restored_order, name="restored-order"),
    path("discrepancies/", discrepancy_views.discrepancies, name="discrepancies"),
    path("discrepancies/<int:pk>/", discrepancy_views.discrepancy, name="discrepancy"),
    path(
        "discrepancies/<int:pk>/close/",
        discrepancy_views.discrepancy_close,
        name="discrepancy-close",
    ),
    path("statements/<int:pk>/", statement_views.provider_statements, name="provider-statements"),
    path("statements/day/<int:pk>/", statement_views.statement, name="statement"),
    path("statements/day/<int:pk>/again/", statement_views.statement_again, name="statement-again"),
    path(
        "statements/day/<int:pk>/top-up/", statement_views.statement_top_up, name="statement-top-up"
    ),
    path(
        "statements/day/<int:pk>/discrepancy/",
        statement_views.statement_discrepancy,
        name="statement-discrepancy",
    ),
    path(
        "statements/day/<int:pk>/export/", statement_views.statement_export, name="statement-export"
    ),
    path("phrases/<int:pk>/", phrase_views.provider_words, name="provider-phrases"),
    path(
        "phrases/<int:pk>/forget/", phrase_views.provider_word_forget, name="provider-phrase-forget"
    ),
    path(
        "phrases/<int:pk>/refusal/forget/",
        phrase_views.provider_phrase_forget,
        name="provider-refusal-forget",
    ),
    path("<int:pk>/", order_views.order, name="order"),
    path("<int:pk>/peek/", peek_view.order_peek, name="order-peek"),
    path("<int:pk>/evidence/", support_report_views.order_evidence, name="order-evidence"),
    path(
        "<int:pk>/evidence.txt",
        support_report_views.order_evidence_file,
        name="order-evidence-file",
    ),
    path("<int:pk>/withdraw/", order_views.order_withdraw, name="order-withdraw"),
    path("<int:pk>/hold/", order_views.order_hold, name="order-hold"),
    path("<int:pk>/release/", order_views.order_release, name="order-release"),
    path("<int:pk>/requeue/", order_views.order_requeue, name="order-requeue"),
    path("<int:pk>/refresh/", order_views.order_refresh, name="order-refresh"),
    path("<int:pk>/comment/", order_views.order_comment, name="order-comment"),
    path("<int:pk>/flag/clear/", order_views.order_clear_flag, name="order-clear-flag"),
    path("<int:pk>/about/", order_views.order_about, name="order-about"),
    path("<int:pk>/resolve/", resolve_views.order_resolve, name="order-resolve"),
    path("<int:pk>/resolve/link/", resolve_views.order_link, name="order-link"),
    path("<int:pk>/resolve/not-placed/", resolve_views.order_not_placed, name="order-not-placed"),
    path("<int:pk>/resolve/give-up/", resolve_views.order_give_up, name="order-give-up"),
    path("<int:pk>/resolve/phrase/", resolve_views.order_add_phrase, name="order-phrase"),
    path("<int:pk>/refill/", aftersales_views.order_refill, name="order-refill"),
    path("<int:pk>/cancel/", aftersales_views.order_cancel, name="order-cancel"),
    path("cancels/<int:pk>/withdraw/", aftersales_views.cancel_withdraw, name="cancel-withdraw"),
    path("refills/", aftersales_views.refills, name="refills"),
    path("refills/selected/", aftersales_views.refills_selected, name="refills-selected"),
    path("refills/<int:pk>/again/", aftersales_views.refill_again, name="refill-again"),
    path("refills/<int:pk>/withdraw/", aftersales_views.refill_withdraw, name="refill-withdraw"),
    *moved_addresses,
]
