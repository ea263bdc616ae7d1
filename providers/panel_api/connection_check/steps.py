"""The steps of one connection check; `check.py` says in which order they are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..answers.answer import Answer, heed
from ..answers.decode import Unexpected, at_path
from ..answers.decode_catalog import balance as read_balance
from ..answers.decode_orders import recent_orders
from ..errors import RefusalCode
from ..order_types.table import type_name
from ..results import Balance, Catalog, Progress, Unreadable
from .connect import BALANCE_FIELDS, ConnectSteps
from .findings import FindingLevel

IMPOSSIBLE_IDS: Final = ("2147483646", "2147483645")
PAGE_SIZES: Final = (50, 100, 200, 250, 500, 1000)
CURRENCY_FIELDS: Final = ("data.currency", "user.currency", "mata_uang")


@dataclass
class ConnectionCheck(ConnectSteps):
    """What the account says, once it can be reached."""

    balance: Balance | None = None
    services_seen: int = 0
    alone: Progress | Unreadable | None = None  # what was said of one unknown order

    def ask_balance(self) -> None:
        answer = self.first or self.client.call("balance", {})
        if refused := answer.refusals(self.dialect):
            self.note("balance", FindingLevel.FAIL, "The balance is refused.", refused[0][0])
            return
        self._find_balance_field(answer)
        try:
            self.balance = read_balance(answer.body, self.dialect)
        except Unexpected as error:
            self.note(
                "balance",
                FindingLevel.FAIL,
                f"{error} Set how amounts are written here.",
                answer.excerpt[:200],
            )
            return
        shown = f"{self.balance.amount:f} {self.balance.currency}".strip()
        self.note("balance", FindingLevel.OK, f"The balance is {shown}.")
        if self.balance.currency:
            self.learn(currency=self.balance.currency)
        else:
            self.note(
                "currency", FindingLevel.WARN, "It does not say its currency; set it yourself."
            )

    def _find_balance_field(self, answer: Answer) -> None:
        for name, usual, others in (
            ("balance_field", self.dialect.balance_field, BALANCE_FIELDS),
            ("currency_field", self.dialect.currency_field, CURRENCY_FIELDS),
        ):
            if at_path(answer.body, usual.split(".")) is not None:
                continue
            for other in others:
                if at_path(answer.body, other.split(".")) is not None:
                    self.learn(**{name: other})
                    self.note("balance", FindingLevel.OK, f"The {usual} is found under “{other}”.")
                    break

    def ask_services(self) -> None:
        catalog = self._whole_catalog(self.client.services())
        self.services_seen = len(catalog.items)
        if not catalog.items:
            self.note("services", FindingLevel.WARN, "It publishes no services for this account.")
            return
        self.note("services", FindingLevel.OK, f"{self.services_seen} services can be read.")
        if catalog.unreadable:
            self.note(
                "services",
                FindingLevel.WARN,
                f"{len(catalog.unreadable)} services cannot be read and stay out.",
                catalog.unreadable[0].reason,
            )
        unknown = [item.type for item in catalog.items if not type_name(item.type)]
        if unknown:
            level = FindingLevel.WARN if len(unknown) == self.services_seen else FindingLevel.OK
            words = f"{len(unknown)} of them have a type that has no order form yet."
            self.note("services", level, words, ", ".join(sorted(set(unknown))[:10]))

    def _whole_catalog(self, catalog: Catalog) -> Catalog:
        """The catalog with its further pages, when its size looks like a page's."""
        size = len(catalog.items) + len(catalog.unreadable)
        if self.dialect.services_page_size is not None or size not in PAGE_SIZES:
            return catalog
        paged = self.client.speaking(self.dialect.changed(services_page_size=size))
        whole = paged.services()
        if len(whole.items) > len(catalog.items):
            self.client = paged
            self.note("services", FindingLevel.OK, f"The catalog comes in pages of {size}.")
            return whole
        return catalog

    def ask_unknown_order(self) -> None:
        row = self.client.statuses_once(IMPOSSIBLE_IDS[:1])[IMPOSSIBLE_IDS[0]]
        self.alone = row
        if not isinstance(row, Unreadable):
            self.note(
                "orders",
                FindingLevel.WARN,
                "It answers for an order that does not exist; lost orders cannot be found"
                " by asking.",
                row.raw_status,
            )
        elif row.code is RefusalCode.UNKNOWN_ORDER:
            self.note(
                "orders", FindingLevel.OK, "An unknown order is answered clearly.", row.reason
            )
        else:
            self.note(
                "orders",
                FindingLevel.WARN,
                "An unknown order is answered in words we do not know; add them to the"
                " provider's refusals.",
                row.reason,
            )

    def ask_unknown_refill(self) -> None:
        row = self.client.refill_statuses(IMPOSSIBLE_IDS[:1])[IMPOSSIBLE_IDS[0]]
        code, said = (row.code, row.reason) if isinstance(row, Unreadable) else (None, "")
        if code is RefusalCode.UNSUPPORTED:
            self.learn(refills=False)
            self.note("refills", FindingLevel.WARN, "It does not do refills.", said)
        elif code in (RefusalCode.UNKNOWN_REFILL, RefusalCode.UNKNOWN_ORDER):
            self.learn(refills=True)
            self.note("refills", FindingLevel.OK, "Refills can be followed.")
        else:
            self.note(
                "refills", FindingLevel.OK, "Whether it does refills will show at the first one."
            )

    def ask_recent_orders(self) -> None:
        answer = self.client.call("orders", {"limit": "5"})
        heed(answer, self.dialect, self.client.now())
        try:
            listed = not answer.trouble and recent_orders(answer.body, self.dialect) is not None
        except Unexpected:
            listed = False
        self.learn(recent_orders=listed)
        if listed:
            self.note("list of orders", FindingLevel.OK, "It can list our newest orders.")
        else:
            self.note("list of orders", FindingLevel.OK, "It has no list of our newest orders.")
        if answer.refusals(self.dialect):
            self.note("errors", FindingLevel.OK, f"Errors come with HTTP {answer.http_status}.")
