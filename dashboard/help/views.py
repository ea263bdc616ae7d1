"""The guide: everybody who logs in may read all of it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.web.policy import StaffRequest, signed_in

from ..people.forms import ROLE_CHOICES
from . import statuses
from .pages import BY_SLUG, PAGES, neighbours


@signed_in
@require_safe
def guide(request: StaffRequest) -> HttpResponse:
    return render(request, "dashboard/help/guide.html", {"pages": PAGES})


@signed_in
@require_safe
def guide_page(request: StaffRequest, slug: str) -> HttpResponse:
    if (page := BY_SLUG.get(slug)) is None:
        raise Http404
    before, after = neighbours(page)
    context = {"guide_page": page, "pages": PAGES, "before": before, "after": after}
    return render(request, page.template, context | {"statuses": statuses, "roles": ROLE_CHOICES})
