"""The steps of one examination; `doctor` says in which order they are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..answers.answer import Answer
from ..answers.decode import Unexpected, at_path
from ..answers.decode_catalog import balance as read_balance
from ..answers.decode_orders import recent_orders
from ..answers.outcomes import heed
from ..client import PanelClient
from ..dialect import Dialect, KeyPlace
from ..errors import AccountRefused, ProviderError, RefusalCode, SlowDown
from ..order_types.table import type_name
from ..results import Balance, Catalog, Progress, Unreadable
from .findings import Finding, FindingLevel

IMPOSSIBLE_IDS: Final = ("2147483646", "2147483645")
SLOW_MS: Final = 3000
PAGE_SIZES: Final = (50, 100, 200, 250, 500, 1000)
BALANCE_FIELDS: Final = ("data.balance", "user.balance", "saldo", "credit", "deposit", "funds")
CURRENCY_FIELDS: Final = ("data.currency", "user.currency", "mata_uang")


@dataclass
class Visit:
    """One examination under way: the client, the dialect so far, and the notes."""

    client: PanelClient
    tell: Callable[[Finding], None] | None = None
    findings: list[Finding] = field(default_factory=list)
    balance: Balance | None = None
    services_seen: int = 0
    stopped: bool = False
    alone: Progress | Unreadable | None = None  # what was said of one unknown order
    _first: Answer | None = None

    @property
    def dialect(self) -> Dialect:
        return self.client.dialect

    def note(self, topic: str, verdict: FindingLevel, words: str, detail: str = "") -> None:
        self.findings.append(Finding(topic, verdict, words, detail))
        if self.tell:
            self.tell(self.findings[-1])

    def learn(self, **changes: Any) -> None:
        self.client = self.client.speaking(self.dialect.changed(**changes))

    def attempt(self, topic: str, step: Callable[[], bool | None]) -> bool:
        """Take a step; whatever it raises becomes a finding. False when nothing more will work."""
        try:
            return step() is not False
        except SlowDown as error:
            self.stopped = True
            self.note(
                topic,
                FindingLevel.WARN,
                "The provider asks for fewer calls; try again later.",
                error.reason,
            )
        except AccountRefused as error:
            self.stopped = True
            self.note("key", FindingLevel.FAIL, "The key is refused.", error.reason)
        except ProviderError as error:
            self.note(topic, FindingLevel.FAIL, error.reason, _seen(error))
        except Exception as error:
            self.note(topic, FindingLevel.WARN, "This check could not be finished.", _name(error))
        return False

    # the connection

    def connect(self) -> bool:
        answer = self.client.call("balance", {})
        if answer.is_redirect and (slash := self._other_slash(answer)) is not None:
            self.learn(trailing_slash=slash)
            self.note(
                "address",
                FindingLevel.WARN,
                "The provider wants the address "
                + ("with" if slash else "without")
                + " a slash at its end; we use that.",
                answer.location,
            )
            answer = self.client.call("balance", {})
        answer = self._other_request(answer)
        if answer.is_html or answer.is_redirect or answer.unreadable:
            self.note("connection", FindingLevel.FAIL, answer.trouble, answer.excerpt[:200])
            return False
        if not self._all_in_unknown_words(answer):
            heed(answer, self.dialect, self.client.now(), about_account=True)
        self._first = answer
        self.note("connection", FindingLevel.OK, f"It answers in {answer.elapsed_ms} ms.")
        if answer.elapsed_ms > SLOW_MS:
            self.note("connection", FindingLevel.WARN, "It is slow; pages and polling will lag.")
        if "html" in answer.content_type.lower():
            self.note(
                "connection", FindingLevel.OK, "Answers are labelled text/html; we read them."
            )
        return self._say_of_the_key(answer)

    def _all_in_unknown_words(self, answer: Answer) -> bool:
        codes = {code for _, code in answer.refusals(self.dialect)}
        return codes == {RefusalCode.UNLISTED}

    def _say_of_the_key(self, answer: Answer) -> bool:
        """What this answer shows of the key and nothing more. False: no call will work with it."""
        said = answer.refusals(self.dialect)
        if said and answer.http_status in (401, 403):
            self.stopped = True
            self.note(
                "key",
                FindingLevel.FAIL,
                f"The call is refused with HTTP {answer.http_status}, in"
                " words we do not know. Most often that is about the key.",
                said[0][0],
            )
        elif said:
            self.note(
                "key",
                FindingLevel.WARN,
                "The balance is refused in words we do not know, so it"
                " is not known whether the key is accepted.",
                said[0][0],
            )
        elif answer.is_success and self._names_a_balance(answer):
            self.note("key", FindingLevel.OK, "The key is accepted.")
        else:
            self.note(
                "key",
                FindingLevel.WARN,
                "The answer names no balance, so it is not known whether the key is accepted.",
                answer.excerpt[:200],
            )
        return not self.stopped

    def _names_a_balance(self, answer: Answer) -> bool:
        names = (self.dialect.balance_field, *BALANCE_FIELDS)
        return any(at_path(answer.body, name.split(".")) is not None for name in names)

    def _other_slash(self, answer: Answer) -> bool | None:
        """Whether the redirect only adds (True) or takes away (False) the last slash."""
        url = self.client.credentials.url
        if answer.location in (url.rstrip("/") + "/", "/" + url.split("/", 3)[-1] + "/"):
            return True
        return False if answer.location.rstrip("/") == url.rstrip("/") else None

    def _other_request(self, answer: Answer) -> Answer:
        """Where the plain form is not understood, the first other form of request that is."""
        if self._understood(answer):
            return answer
        for words, changes in (
            ("It wants requests as JSON.", {"json_body": True}),
            ("It wants the key in a header.", {"key_place": KeyPlace.HEADER, "json_body": True}),
            ("It wants the key as a bearer token.", {"key_place": KeyPlace.BEARER}),
        ):
            other = self.client.speaking(self.dialect.changed(**changes))
            tried = other.call("balance", {})
            if self._understood(tried):
                self.client = other
                self.note("request", FindingLevel.WARN, f"{words} We do that now.")
                return tried
        return answer

    def _understood(self, answer: Answer) -> bool:
        refused = answer.refusals(self.dialect)
        limited = answer.http_status == 429 or any(
            code is RefusalCode.RATE_LIMIT for _, code in refused
        )
        return (
            limited
            or answer.is_redirect
            or answer.is_html
            or (answer.body is not None and not refused and answer.is_success)
        )

    # what it says

    def ask_balance(self) -> None:
        answer = self._first or self.client.call("balance", {})
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
        strange = [item.type for item in catalog.items if not type_name(item.type)]
        if strange:
            verdict = FindingLevel.WARN if len(strange) == self.services_seen else FindingLevel.OK
            words = f"{len(strange)} of them have a type that has no order form yet."
            self.note("services", verdict, words, ", ".join(sorted(set(strange))[:10]))

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


def _seen(error: ProviderError) -> str:
    evidence = error.evidence
    if evidence is None:
        return ""
    return evidence.body_excerpt[:200] or "; ".join(evidence.exception_chain[:2])[:200]


def _name(error: Exception) -> str:
    return type(error).__name__
