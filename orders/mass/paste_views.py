"""Many orders at once: the paste, and the batches that came of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.clocks import database_now
from core.roles import May
from core.web.pages import asked_page
from core.web.policy import StaffRequest, allow

from ..models import OrderBatch
from .check_lines import check
from .forms import PasteForm
from .mass_order import draft_batch, save_batch
from .read_paste import LABELS, LISTS, digest_of

PAGE_SIZE = 50


@allow(May.MASS_ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
def mass_order(request: StaffRequest) -> HttpResponse:
    """Paste or upload; POST checks every line and places nothing."""
    form = PasteForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        batch = _check(request, form)
        messages.success(request, "The lines are checked. Nothing is placed yet.")
        return redirect("mass-order", pk=batch.pk)
    columns = [(name, LABELS[name], name in LISTS) for name in sorted(LABELS)]
    is_refused = request.method == "POST"
    context = {"form": form, "columns": columns, "is_refused": is_refused}
    status = 422 if is_refused else 200
    return render(request, "orders/mass/mass_order_new.html", context, status=status)


def _check(request: StaffRequest, form: PasteForm) -> OrderBatch:
    """The dry run: the lines as rows, each with what is wrong with it."""
    now, provider = database_now(), form.cleaned_data["provider"]
    batch, lines = draft_batch(
        form.pasted,
        provider=provider,
        name=form.cleaned_data["name"],
        digest=digest_of(form.pasted, provider.pk if provider else None),
        by=request.user,
        now=now,
    )
    check(lines, batch, person=request.user, now=now)
    save_batch(batch, lines)
    return batch


@allow(May.MASS_ORDER)
@require_safe
def batches(request: StaffRequest) -> HttpResponse:
    """Everybody's batches, newest first."""
    rows = OrderBatch.objects.select_related("created_by", "provider")
    page = asked_page(request, rows, keys=("-pk",), size=PAGE_SIZE)
    return render(request, "orders/mass/mass_orders.html", {"page": page})
