"""An order form kept under a name, without its link: one key fills it in again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.clocks import database_now
from core.roles import May
from core.texts import without_unseen
from core.web.pages import with_toast
from core.web.policy import StaffRequest, allow
from providers.models import Service

from ..models import Order, Recipe
from ..models.saved import MOST_KEPT, NAME_LENGTH
from .order_form import form_for, obstacle, without_place

PART = "orders/placing/_recipe_step.html"


@allow(May.PLACE)
@require_POST
def recipe_save(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep what the form of this service holds; a name used before is given to this one."""
    service = get_object_or_404(Service.objects.select_related("provider"), pk=pk)
    name = without_unseen(request.POST.get("recipe_name", "")).strip()[:NAME_LENGTH]
    if words := _why_not(request, service, name):
        if request.htmx:
            return render(request, PART, {"service": service, "recipe_said": words}, status=422)
        messages.error(request, f"The recipe was not saved. {words}")
        return HttpResponseRedirect(f"{reverse('order-new')}?service={pk}")
    form = form_for(service, now=database_now(), data=request.POST)
    form.is_valid()  # a recipe may be half an order: what can be read of it is kept
    values = without_place(service.type, form.partial_payload().wire())
    recipe = Recipe.objects.keep(request.user, name, service=service, values=values)
    said = f"The recipe “{name}” is saved. It stands on the page of new orders."
    if request.htmx:  # the order that is being written stays as it is
        return with_toast(render(request, PART, {"service": service}), said, "success")
    messages.success(request, said)
    return HttpResponseRedirect(f"{reverse('order-new')}?recipe={recipe.pk}")


@allow(May.PLACE)
@require_POST
def recipe_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Forget one of one's own recipes."""
    recipe = get_object_or_404(Recipe, pk=pk, person=request.user)
    recipe.delete()
    messages.success(request, f"The recipe “{recipe.name}” is deleted.")
    return redirect("order-new")


def _why_not(request: StaffRequest, service: Service, name: str) -> str:
    if not name:
        return "Give it a name."
    if Recipe.objects.is_one_too_many(request.user, name):
        return f"You have {MOST_KEPT} recipes. Delete one first."
    return obstacle(service)


def begun_with(recipe: Recipe | None, like: Order | None) -> dict[str, str]:
    """The wire parameters a form starts with: of a recipe, or of the order placed before."""
    if recipe is not None:
        return {str(name): str(value) for name, value in dict(recipe.values).items()}
    return without_place(like.type, like.payload) if like is not None else {}
