"""One batch: its dry run, its lines to fix, its orders together."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.clocks import JOB_LEASE_SECONDS, database_now
from core.regional.numbers import grouped
from core.roles import May
from core.rows.leases import Silence, silence_of
from core.web.pages import asked_page, page_or_part
from core.web.policy import StaffRequest, allow

from ..limits import doubtful_rows
from ..models import BatchLine, OrderBatch
from ..shown import CHANGED as IS_ANOTHER
from . import mass_order, tasks
from .check_lines import check
from .figures import TABS, figures_of
from .forms import Repeated, cells_to_fix, is_repeated, other_problems, take_step
from .next_lines import words_of_next

PAGE = "orders/mass/mass_order.html"
PAGE_SIZE = 50
CHANGED = _("Repeated lines changed after you opened this page. Look at them again.")
NOT_TICKED = _("Tick that all of them are to be bought once more, then press the button again.")
BUSY = "This mass order is being placed: correct the line when that is done."


@allow(May.MASS_ORDER)
@require_safe
@vary_on_headers("HX-Request")
def batch(request: StaffRequest, pk: int) -> HttpResponse:
    """Figures and lines; the lines ask again by themselves while their orders are moving."""
    found = _found(pk)
    shown = _good_lines(found).digest if found.is_idle else ""
    found = _found(pk)  # after the word: its figures are drawn
    figures = figures_of(found)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else figures.first_tab
    repeated = None if tab not in ("fix", "all") else _repeated(found, figures)
    rows = TABS[tab](found.lines).select_related("service__provider", "order__provider")
    page = asked_page(request, rows, keys=("number",), size=PAGE_SIZE)
    behind = words_of_next(found, page.rows)
    context = _context(request, found, figures) | {
        "tab": tab,
        "page": page,
        "lines": [_shown(line, behind=behind.get(line.number, "")) for line in page.rows],
        "repeated": repeated,
        "shown": shown,
        "has_word": bool(shown),
    }
    return render(request, page_or_part(request, PAGE, "batch-lines"), context)


@allow(May.MASS_ORDER)
@require_safe
def batch_figures(request: StaffRequest, pk: int) -> HttpResponse:
    """The upper part alone, for the page to ask for. Without the digest of what may be placed: the
    lines of the page are not drawn anew with it. So nor is *Place* on a page without that digest,
    as it was drawn while the batch was being placed."""
    found = _found(pk)
    context = _context(request, found, figures_of(found)) | {"is_part": True}
    context["has_word"] = request.GET.get("shown") != ""
    return render(request, f"{PAGE}#batch-figures", context)


class Fixed(NamedTuple):
    """Why a line was not written, in words; else what the page shows from now on, where it showed
    the other lines as they were."""

    words: str = ""
    repeated: Repeated | None = None
    shown: str = ""


def _fix(request: StaffRequest, found: OrderBatch, line: BatchLine) -> Fixed:
    """Other lines count as they were before: nobody was shown what they have become since."""
    asked, good = _asked_lines(found), _good_lines(found)
    is_as_drawn = request.POST.get("repeated") == Repeated.among(asked).digest
    take_step(line, request.POST)
    check([line], found, person=request.user, now=database_now(), with_others=True)
    written = mass_order.fix_line(found, line)
    if written is None:
        return Fixed(BUSY)
    if not request.htmx:
        return Fixed()
    is_as_shown = request.POST.get("shown") == good.digest
    return Fixed(
        repeated=_with_fixed(asked, line) if is_as_drawn else None,
        shown=good.with_fixed(line.number, written).digest if is_as_shown else "",
    )


@allow(May.MASS_ORDER)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def batch_line(request: StaffRequest, pk: int) -> HttpResponse:
    """One line to be fixed, or edited (`?edit`); POST writes what it says and checks it again."""
    rows = BatchLine.objects.select_related(
        "service__provider", "order__provider", "batch__provider", "batch__created_by"
    )
    line = get_object_or_404(rows, pk=pk)
    found = line.batch
    fixed = Fixed()
    if request.method == "POST" and line.order is None:
        fixed = _fix(request, found, line)
    behind, is_edited = words_of_next(found, [line]), "edit" in request.GET and found.is_idle
    shown = _shown(line, fixed.words, behind.get(line.number, ""), is_edited=is_edited)
    step = request.POST.get("step", "")
    context = {"batch": found, "line": shown, "focus": _focus(request, shown)}
    context |= {"repeated": fixed.repeated, "shown": fixed.shown}
    is_done = step == "not_meant" or line.is_left_out or line.is_good or line.order is not None
    is_fixed = request.method == "POST" and not fixed.words and is_done
    if is_fixed and not request.htmx:
        tab = "good" if step in ("leave_out", "take_in") else "fix"
        return redirect(f"{reverse('mass-order', args=[found.pk])}?tab={tab}")
    status = 422 if request.method == "POST" and not is_fixed else 200
    answer = render(
        request,
        page_or_part(request, "orders/mass/mass_order_line.html", "line"),
        context,
        status=status,
    )
    answer.headers["HX-Trigger"] = "lines-changed"
    return answer


@allow(May.MASS_ORDER)
@require_POST
def batch_place(request: StaffRequest, pk: int) -> HttpResponse:
    """Place the good lines in the background, each once."""
    found = _found(pk)
    words = mass_order.start_placing(
        found,
        by=request.user,
        again="again" in request.POST,
        now=database_now(),
        shown=request.POST.get("shown", ""),
    )
    if words:
        messages.warning(request, words)
    else:
        transaction.on_commit(lambda: tasks.ring_batch(found.pk))
        messages.success(request, "The good lines are being placed. You may close this page.")
    return redirect("mass-order", pk=pk)


@allow(May.MASS_ORDER)
@require_POST
def batch_recheck(request: StaffRequest, pk: int) -> HttpResponse:
    """Check every line that is not placed once more; `meant`: the repeated ones of which the page
    showed this digest are wanted too, which takes a tick beside their sum."""
    found, meant = _found(pk), request.POST.get("meant")
    there = "#batch-lines" if meant else ""  # where the button for all repeated lines was
    if meant and "all_meant" not in request.POST:
        messages.warning(request, NOT_TICKED)
        return redirect(f"{reverse('mass-order', args=[pk])}{there}")
    lines = list(found.lines.filter(order=None).order_by("number"))
    typed = mass_order.as_typed(lines)
    repeated = Repeated.among(lines)
    for line in repeated.lines if meant == repeated.digest else ():
        line.is_meant = True
    check(lines, found, person=request.user, now=database_now())
    if meant and meant != repeated.digest:
        messages.warning(request, CHANGED)
    if mass_order.fix_lines(found, lines, unless_fixed=typed):
        messages.success(request, f"{grouped(len(lines))} lines are checked again.")
    else:
        messages.warning(request, BUSY)
    return redirect(f"{reverse('mass-order', args=[pk])}{there}")


@allow(May.MASS_ORDER)
@require_POST
def batch_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Place no more of it, and take back what was not sent."""
    found = _found(pk)
    if request.GET.get("of") != found.shown:
        return _is_another(request, pk)
    mass_order.stop_placing(found)
    count, more = mass_order.withdraw_unsent(found, actor=request.user, now=database_now())
    rest = " More are left: press it again." if more else ""
    messages.success(request, f"Orders withdrawn: {grouped(count)}. They will not be sent.{rest}")
    return redirect("mass-order", pk=pk)


@allow(May.MASS_ORDER)
@require_POST
def batch_discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Put away a dry run."""
    found = _found(pk)
    if request.GET.get("of") != found.shown:
        return _is_another(request, pk)
    if mass_order.discard(found):
        messages.success(request, "The paste is discarded. Nothing of it was placed.")
        return redirect("mass-orders")
    messages.warning(request, "It was placed meanwhile.")
    return redirect("mass-order", pk=pk)


def _is_another(request: StaffRequest, pk: int) -> HttpResponse:
    messages.warning(request, IS_ANOTHER)
    return redirect("mass-order", pk=pk)


def _context(request: StaffRequest, found: OrderBatch, figures: Any) -> dict[str, Any]:
    return {
        "batch": found,
        "figures": figures,
        "earlier": mass_order.bought_before(found),
        "gap": doubtful_rows.gap_over_batch(found) if figures.is_idle else None,
        "silence": _silence(found) if figures.is_placing else None,
        "may_see_balances": request.user.may(May.SEE_BALANCES),
    }


def _good_lines(found: OrderBatch) -> mass_order.GoodLines:
    """Read before the figures and lines that are drawn, so that what changes in between is looked
    at again."""
    return mass_order.GoodLines.of(found, mass_order.bought_before(found))


def _repeated(found: OrderBatch, figures: Any) -> Repeated | None:
    """Those of every page, for the button that speaks of all of them. Read before the lines that
    are drawn, so that what changes in between is looked at again."""
    if not (figures.is_idle and figures.wrong):
        return None
    return Repeated.among(_asked_lines(found))


def _asked_lines(found: OrderBatch) -> list[BatchLine]:
    rows = TABS["fix"](found.lines).select_related("service__provider")
    rows = rows.defer("warnings", "terms")
    return list(rows.order_by("number"))


def _with_fixed(asked: list[BatchLine], line: BatchLine) -> Repeated:
    """For the button of a page that shows this line as it is now, and the others as they were when
    it was drawn: not as somebody else may have changed them since."""
    others = [one for one in asked if one.pk != line.pk]
    return Repeated.among(sorted([*others, line], key=lambda one: one.number))


def _silence(found: OrderBatch) -> Silence | None:
    since = found.placed_at or found.created_at
    return silence_of(found, since=since, lease=JOB_LEASE_SECONDS, now=database_now())


def _found(pk: int) -> OrderBatch:
    rows = OrderBatch.objects.select_related("created_by", "placed_by", "provider")
    return get_object_or_404(rows, pk=pk)


def _focus(request: StaffRequest, shown: dict[str, Any]) -> str:
    """What takes the keys in a line that is drawn anew: the same button or the first mistake, else
    the line itself, where the Enter after a tick does nothing."""
    step = request.POST.get("step", "")
    if not request.htmx or shown["is_edited"]:
        return ""
    if shown["cells"]:
        wrong = [f"cell-{cell.name}" for cell in shown["cells"] if cell.errors and not step]
        return wrong[0] if wrong else "line"
    if step in ("leave_out", "take_in"):
        return "out"
    return "line" if shown["row"].is_meant else "edit"


def _shown(
    line: BatchLine, words: str = "", behind: str = "", *, is_edited: bool = False
) -> dict[str, Any]:
    """A line, what there is to fix about it, and what waits `behind` it."""
    is_done = line.is_good or line.is_left_out or line.order_id is not None
    return {
        "row": line,
        "is_edited": is_edited and is_done,
        "cells": [] if is_done and not words and not is_edited else cells_to_fix(line),
        "problems": [*([words] if words else []), *other_problems(line)],
        "warnings": [*line.warnings, *([behind] if behind else [])],
        "is_repeated": is_repeated(line),
        "is_shown_as_meant": line.is_meant and line.order_id is None and not line.is_left_out,
    }
