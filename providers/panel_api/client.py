"""Panel API v2 as calls: every action of one account at one provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from .answers import decode_catalog, decode_orders, decode_requests
from .answers.answer import (
    Answer,
    account_trouble,
    can_prove,
    heed,
    order_placed,
    refusal_of_read,
)
from .answers.coerce import issued_ids
from .answers.decode import Unexpected, WithoutIds
from .answers.error_texts import REASON_LENGTH, error_texts
from .answers.other_words import beside_rows, other_words
from .answers.read_delivery import failure_evidence, read_answer
from .dialect import Dialect
from .errors import BatchRefused, NotSent, OutcomeUnknown, RefusalCode, Unavailable
from .http.request import Credentials, naming, written
from .http.transport import Transport
from .id_batches import ask_all
from .made import answers_for_one, may_be_made
from .order_types.table import OrderPayload, WrittenPayload
from .refusals.request_refusals import Says, hear
from .results import (
    Balance,
    CancelAccepted,
    Catalog,
    Placed,
    Progress,
    RecentOrder,
    RefillProgress,
    RefillStarted,
    Refused,
    Unreadable,
)

WRITES: Final = frozenset({"add", "refill", "cancel"})
MOST_PAGES: Final = 400
RECENT_LIMIT: Final = 100
NOT_AN_ID: Final = "This is not an id a provider gives."

Read = TypeVar("Read")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False, repr=False)
class PanelClient:
    """One account. Holds no state: as many threads as like may use one client.

    Every method but `add`, which says what it raises, raises `SlowDown` and `AccountRefused` when
    the provider says so. Reads raise `Unavailable` for everything else; `refill` and `cancel` raise
    `NotSent` when it is proven that no byte left, and otherwise `OutcomeUnknown`.
    """

    credentials: Credentials
    dialect: Dialect = field(default_factory=Dialect)
    transport: Transport = field(default_factory=Transport)
    now: Callable[[], datetime] = field(default=_utc_now, kw_only=True)

    def speaking(self, dialect: Dialect) -> PanelClient:
        """The same account, spoken to in another dialect."""
        return replace(self, dialect=dialect)

    # reads

    def services(self) -> Catalog:
        """The whole catalog, all its pages together."""
        page_size = self.dialect.services_page_size
        if page_size is None:
            return self._read("services", {}, decode_catalog.catalog)
        items, unreadable = dict[str, Any](), dict[Unreadable, None]()
        for page in range(MOST_PAGES):
            offset = {"offset": str(page * page_size), "limit": str(page_size)}
            some = self._read("services", offset, decode_catalog.catalog)
            seen = len(items) + len(unreadable)
            items |= {one.service_id: one for one in some.items if one.service_id not in items}
            unreadable |= dict.fromkeys(some.unreadable)
            if len(items) + len(unreadable) == seen:
                return Catalog(tuple(items.values()), tuple(unreadable))
        raise Unavailable(f"The catalog has more than {MOST_PAGES} pages.")

    def balance(self) -> Balance:
        return self._read("balance", {}, decode_catalog.balance)

    def statuses(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
        """Any number of orders, each with an entry; makes as many calls as that takes."""
        return ask_all(order_ids, self.statuses_once, size=self.dialect.batch_size)

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
        """One call about at most `dialect.batch_size` orders, each with an entry.

        Raises BatchRefused when the answer was one error for all of them, or when it could
        not be told which row is whose (`singly`): ask about fewer.
        """
        return self._ask("status", "order", order_ids, decode_orders.statuses)

    def refill_statuses(self, ids: Sequence[str]) -> dict[str, RefillProgress | Unreadable]:
        """Any number of refills by their ids; by order ids where the dialect says so."""
        return ask_all(ids, self.refill_statuses_once, size=self.dialect.batch_size)

    def refill_statuses_once(self, ids: Sequence[str]) -> dict[str, RefillProgress | Unreadable]:
        """One call about at most `dialect.batch_size` refills; raises as `statuses_once`."""
        name = "order" if self.dialect.refill_status_by_order else "refill"
        return self._ask("refill_status", name, ids, decode_requests.refill_statuses)

    def recent_orders(self, limit: int = RECENT_LIMIT) -> tuple[RecentOrder, ...]:
        """The provider's own list of our newest orders; few have one (`dialect.recent_orders`)."""
        return self._read("orders", {"limit": str(limit)}, decode_orders.recent_orders)

    # writes

    def add(
        self,
        payload: OrderPayload | WrittenPayload,
        *,
        before_send: Callable[[], None] | None = None,
    ) -> Placed:
        """Order it, once. Raises NotSent, Rejected or OutcomeUnknown, and nothing else.

        `before_send` is the pre-send check: it runs with the connection up, just before the first
        byte; if it raises, nothing is written and NotSent carries its message.
        """
        answer = self.call("add", payload.wire(), before_send=before_send)
        return order_placed(answer, self.dialect, self.now())

    def refill(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, RefillStarted | Refused]:
        """One call for at most `dialect.batch_size` orders."""
        return self._request("refill", order_ids, decode_requests.refills, before_send)

    def cancel(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, CancelAccepted | Refused]:
        """One call for at most `dialect.batch_size` orders; a status will say what came of it."""
        return self._request("cancel", order_ids, decode_requests.cancels, before_send)

    # one call

    def call(
        self,
        action: str,
        fields: Mapping[str, str],
        *,
        before_send: Callable[[], None] | None = None,
    ) -> Answer:
        """One POST of an action and whatever came back, not yet classified.

        Raises NotSent or OutcomeUnknown (writes) or Unavailable (reads) when no whole answer came.
        """
        delivery = self.transport.post(
            *written(action, fields, self.credentials, self.dialect),
            fresh=action in WRITES,
            catalog=action == "services",
            before_send=before_send,
        )
        if not delivery.failure:
            return read_answer(delivery, self.credentials.key)
        evidence = failure_evidence(delivery, self.credentials.key)
        if action not in WRITES:
            raise Unavailable(evidence.reason, evidence)
        if not delivery.bytes_left:
            raise NotSent(evidence.reason, evidence)
        raise OutcomeUnknown(evidence.reason, evidence)

    def _read(
        self, action: str, fields: Mapping[str, str], decode: Callable[[Any, Dialect], Read]
    ) -> Read:
        answer = self.call(action, fields)
        about_account = action in ("balance", "services")
        refusal = refusal_of_read(answer, self.dialect, self.now(), about_account=about_account)
        if refusal:
            raise Unavailable(refusal[0], answer.evidence(refusal[0]))
        try:
            return decode(answer.body, self.dialect)
        except Unexpected as error:
            raise Unavailable(str(error), answer.evidence(str(error))) from None

    def _ask(
        self,
        action: str,
        name: str,
        ids: Sequence[str],
        decode: Callable[[Any, Sequence[str], Dialect], dict[str, Read | Unreadable]],
    ) -> dict[str, Read | Unreadable]:
        """One reading call about at most a batch of ids."""
        asked, strange = self._sorted_out(ids)
        no_id = Unreadable(NOT_AN_ID, is_no_id=True)
        known: dict[str, Read | Unreadable] = dict.fromkeys(strange, no_id)
        if not asked:
            return known
        if action == "status" and len(asked) > 1:
            action = self.dialect.batch_status_action
        answer = self.call(action, naming(name, asked, self.dialect, plural=False))
        if refusal := refusal_of_read(answer, self.dialect, self.now()):
            reason, code = refusal
            if len(asked) > 1:
                raise BatchRefused(reason, answer.evidence(reason), code=code)
            return known | {asked[0]: Unreadable(reason, code)}
        try:
            return known | decode(answer.body, asked, self.dialect)
        except Unexpected as error:
            if len(asked) == 1:
                return known | {asked[0]: Unreadable(str(error))}
            evidence, singly = answer.evidence(str(error)), isinstance(error, WithoutIds)
            raise BatchRefused(str(error), evidence, singly=singly) from None

    def _request(
        self,
        action: str,
        ids: Sequence[str],
        decode: Callable[[Any, Sequence[str], Dialect], dict[str, Read | Refused]],
        before_send: Callable[[], None] | None,
    ) -> dict[str, Read | Refused]:
        """One writing call about at most a batch; a refusal of the whole is every id's."""
        asked, strange = self._sorted_out(ids)
        known: dict[str, Read | Refused] = dict.fromkeys(strange, Refused(NOT_AN_ID, is_own=True))
        if not asked:
            return known
        # the protocol knows cancel only in the plural
        fields = naming("order", asked, self.dialect, plural=action == "cancel")
        answer = self.call(action, fields, before_send=before_send)
        refusal, reason = answer.refusal(self.dialect), answer.trouble
        if refusal and self._may_be_made(action, answer, asked):
            raise self._unknown(answer, refusal[0], may_be_made=True)
        if refusal and (others := self._other_words(answer)):
            reason = decode_orders.BESIDE.join([refusal[0], *others])[:REASON_LENGTH]
            raise self._unknown(answer, reason, may_be_made=True)
        if not self._tells_of_request(answer):
            heed(answer, self.dialect, self.now(), write=True)
        if refusal and can_prove(answer) and not self._is_about_account(answer):
            said = error_texts(answer.body, answer.http_status) or (refusal[0],)
            return known | dict.fromkeys(asked, decode_orders.refused(said, self.dialect))
        reason = reason or (refusal[0] if refusal else "")
        if not reason:
            try:
                rows = decode(answer.body, asked, self.dialect)
                return known | beside_rows(answer.body, rows, self.dialect.refusals)
            except Unexpected as error:
                reason = str(error)
        raise self._unknown(answer, reason)

    def _tells_of_request(self, answer: Answer) -> bool:
        """Beside words about the account, such as too many calls: that it is there already, say."""
        said = error_texts(answer.body, answer.http_status)
        _, says = hear(said, self.dialect.refusals)
        return not says & Says.UNKNOWN and bool(says & Says.OF_REQUEST)

    def _other_words(self, answer: Answer) -> list[str]:
        said = error_texts(answer.body, answer.http_status)
        return other_words(answer.body, said, self.dialect.refusals) if said else []

    @staticmethod
    def _may_be_made(what: str, answer: Answer, asked: Sequence[str]) -> bool:
        by_order = what == "refill" and answers_for_one(answer.body, asked)
        return by_order or may_be_made(answer.body, what)

    def _unknown(self, answer: Answer, reason: str, *, may_be_made: bool = False) -> OutcomeUnknown:
        return OutcomeUnknown(
            reason,
            answer.evidence(reason),
            account_trouble=account_trouble(answer, self.dialect, may_be_made=may_be_made),
            until=answer.ask_again_at(self.now()),
        )

    def _is_about_account(self, answer: Answer) -> bool:
        """Trouble of the account in words that prove nothing of what was asked."""
        refusal = answer.refusal(self.dialect)
        unlisted = refusal is not None and refusal[1] is RefusalCode.UNLISTED
        return unlisted and account_trouble(answer, self.dialect) is not None

    def _sorted_out(self, ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """The ids once each: those that can be asked about, and those no provider gave."""
        once = list(dict.fromkeys(ids))
        if len(once) > self.dialect.batch_size:
            raise ValueError(f"One call is about at most {self.dialect.batch_size} ids.")
        asked = issued_ids(once)
        strange = [one for one in once if one not in asked] if len(asked) < len(once) else []
        return asked, strange
