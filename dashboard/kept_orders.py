"""The order in a form that was kept, in the words of the order form: what it buys and what that
costs today."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.urls import reverse

from core.clocks import database_now
from core.models import User
from core.roles import May
from core.rows.numbers import row_number
from core.web.kept_forms import KeptForm
from orders.placing.order_form import form_for, obstacle
from orders.placing.preview import Preview, preview_of
from providers.models import Service


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """`preview` is None where the service cannot be ordered now, as `obstacle` says."""

    service: Service
    link: str
    preview: Preview | None
    obstacle: str


def order_in(kept: KeptForm | None, person: User | AnonymousUser) -> KeptOrder | None:
    """None for any other form, or for who may not order."""
    if kept is None or urlsplit(kept.path).path != reverse("order-new"):
        return None
    if not isinstance(person, User) or not person.may(May.PLACE):
        return None
    data = QueryDict(mutable=True)
    for name, value in kept.fields:
        data.appendlist(name, value)
    number = row_number(data.get("service", ""))
    rows = Service.objects.select_related("provider")
    service = rows.filter(pk=number).first() if number is not None else None
    if service is None:
        return None
    words, preview = obstacle(service), None
    if not words:
        now = database_now()
        preview = preview_of(form_for(service, now=now, person=person, data=data), now=now)
    link = data.get("link") or data.get("username") or ""
    return KeptOrder(service, str(link), preview, words)
