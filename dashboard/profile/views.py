"""The page of one's own, and the theme that the menu of every page sets."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.clocks import database_now
from core.web.policy import StaffRequest, signed_in

from .forms import ProfileForm, ThemeForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: StaffRequest) -> HttpResponse:
    """Kept with the person, so that it is the same in each of their browsers."""
    person = request.user
    form = ProfileForm(person.chosen, database_now(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        person.choose(form.changed(person.chosen))
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/profile/profile.html", {"form": form}, status=status)


@signed_in
@require_POST
def theme(request: StaffRequest) -> HttpResponse:
    """The page that asks has the new theme already: there is nothing to draw."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("This theme does not exist.", status=422, content_type="text/plain")
    person = request.user
    person.choose(replace(person.chosen, theme=form.cleaned_data["theme"]))
    return HttpResponse(status=204)
