"""How a person wants the list of orders: its columns, how close its rows stand, and the sort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.forms import TablerForm
from core.preferences import DENSITIES, Preferences
from core.roles import May
from core.web.policy import StaffRequest, allow

from ..lists.columns import CHOSEN, shown_columns
from ..lists.sorting import NEWEST, SORTS


class ListLayoutForm(TablerForm, forms.Form):
    """What is ticked is shown."""

    columns = forms.MultipleChoiceField(
        required=False,
        choices=[(column.name, column.label) for column in CHOSEN],
        widget=forms.CheckboxSelectMultiple(),
    )
    density = forms.ChoiceField(
        choices=list(DENSITIES.items()),
        widget=forms.RadioSelect(),
    )

    sort = forms.ChoiceField(
        required=False,
        label=_("Sorted by, unless a list says otherwise"),
        choices=[(name, sort.label) for name, sort in SORTS.items()],
    )

    def __init__(self, chosen: Preferences, data: Any = None) -> None:
        shown = shown_columns(chosen)
        initial = {
            "columns": sorted(shown),
            "density": chosen.density,
            "sort": chosen.list_sort or NEWEST,
        }
        super().__init__(data, initial=initial, auto_id="id_layout_%s")

    def changed(self, chosen: Preferences) -> Preferences:
        """The person's choices with these in their place."""
        shown = self.cleaned_data["columns"]
        hidden = tuple(column.name for column in CHOSEN if column.name not in shown)
        return replace(
            chosen,
            density=self.cleaned_data["density"],
            hidden_columns=hidden,
            list_sort=self.cleaned_data["sort"] or chosen.list_sort,
        )


@allow(May.SEE)
@require_POST
def list_layout(request: StaffRequest) -> HttpResponse:
    """Keep the layout for this person; `back` is the query string of the list."""
    form = ListLayoutForm(request.user.chosen, request.POST)
    if form.is_valid():
        request.user.choose(form.changed(request.user.chosen))
    else:
        messages.error(request, "This page was old: choose the columns again.")
    return HttpResponseRedirect(f"{reverse('orders')}?{request.POST.get('back', '')}")
