"""What is said of a link that is no web address. Some providers take names, so it is a warning."""

from __future__ import annotations

from functools import cached_property

from providers.models import Service

from ..links import has_host
from ..models import Order
from ..status import THERE

LOOKED_AT = 10  # the newest orders of a service tell what it takes
WITH_SPACES = "This is not a web address: it holds spaces."
WITHOUT_HOST = "This is not a web address: it names no site."
EXAMPLE = "Most services want one, such as https://shop.example/new; some take a name."


class UsualLinks:
    """What the orders of one service were for, asked for once and only where it matters."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @cached_property
    def taken(self) -> list[str]:
        """The links of the newest orders that its provider took."""
        orders = Order.objects.filter(service=self.service, status__in=THERE, parent=None)
        return list(orders.order_by("-pk").values_list("link", flat=True)[:LOOKED_AT])

    def doubt_about(self, link: str) -> str:
        """Why it may be no link that the provider takes, and what is usual; empty for an address,
        and for a name where the service has taken names."""
        holds_spaces = len(link.split()) > 1
        if has_host(link) and not holds_spaces:
            return ""
        takes_names = not all(map(has_host, self.taken))
        if takes_names and not holds_spaces:
            return ""
        words = WITH_SPACES if holds_spaces else WITHOUT_HOST
        return words if takes_names else f"{words} {self._usual}"

    @property
    def _usual(self) -> str:
        if not self.taken:
            return EXAMPLE
        if len(self.taken) == 1:
            return "The order of this service that its provider took was for one."
        return f"The last {len(self.taken)} orders of this service were for web addresses."
