"""The people pages."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core.models import StaffChange, User
from core.roles import May
from core.shown_fields import CHANGED, ChangedMeanwhile
from core.web.policy import StaffRequest, allow

from . import changing
from .forms import PersonEditForm, PersonNewForm, PersonPasswordForm

CHANGES_SHOWN = 20
CHANGES_OF_ONE = 200


@allow(May.KEEP_PEOPLE)
@require_safe
def people(request: StaffRequest) -> HttpResponse:
    everybody = User.objects.prefetch_related("groups").order_by("-is_active", "username", "pk")
    changes = StaffChange.objects.about(User)[:CHANGES_SHOWN]
    context = {"people": everybody, "changes": changes}
    return render(request, "dashboard/people/people.html", context)


@allow(May.KEEP_PEOPLE)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: StaffRequest) -> HttpResponse:
    form = PersonNewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = changing.add_person(form, form.cleaned_data["role"], actor=request.user)
        messages.success(request, f"{person.display_name} can log in now.")
        return redirect("people")
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/people/person_new.html", {"form": form}, status=status)


@allow(May.KEEP_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    role = person.role.value if person.role else None
    shown = User.objects.get(pk=pk)  # a form that is refused must not change what the page says
    form = PersonEditForm(request.POST or None, instance=person, initial={"role": role})
    if request.method == "POST" and form.is_valid() and _change(form, person, request.user):
        messages.success(request, f"{person.display_name} is changed.")
        return redirect("people")
    status = 422 if form.is_bound else 200
    changes = StaffChange.objects.about_row(shown)[:CHANGES_OF_ONE]
    context = {"form": form, "person": shown, "changes": changes}
    return render(request, "dashboard/people/person_edit.html", context, status=status)


def _change(form: PersonEditForm, person: User, actor: User) -> bool:
    """Do what the form says, or say in the form why not."""
    try:
        changing.change_person(person, **form.wanted, actor=actor, shown=form.shown)
    except changing.NotYourself:
        form.add_error(
            None,
            "You cannot take the admin role from yourself or lock yourself out. Ask another admin.",
        )
        return False
    except ChangedMeanwhile as changed:
        form.say_meanwhile(changed)
        return False
    except changing.NoLongerAdmin:
        raise PermissionDenied from None
    return True


@allow(May.KEEP_PEOPLE)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def person_password(request: StaffRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    if person.pk == request.user.pk:
        return redirect("password")  # one's own asks for the old one
    if request.method == "POST" and request.POST.get("shown") != person.shown:
        messages.warning(request, CHANGED)
        return redirect("person-edit", pk=pk)
    form = PersonPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        changing.set_password(person, form, actor=request.user)
        messages.success(request, f"{person.display_name} has a new password.")
        return redirect("people")
    status = 422 if form.is_bound else 200
    context = {"form": form, "person": person}
    return render(request, "dashboard/people/person_password.html", context, status=status)
