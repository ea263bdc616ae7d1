"""The first call of a connection check: can it be reached, in which form, with this key?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..answers.answer import Answer, heed
from ..answers.decode import at_path
from ..dialect import KeyPlace
from ..errors import RefusalCode
from .findings import FindingLevel
from .notes import CheckNotes

SLOW_MS: Final = 3000
BALANCE_FIELDS: Final = ("data.balance", "user.balance", "saldo", "credit", "deposit", "funds")


@dataclass
class ConnectSteps(CheckNotes):
    first: Answer | None = None

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
        self.first = answer
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
