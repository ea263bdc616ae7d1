"""Every id is asked about, in batches that fit; one bad id does not spoil the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.panel_api import (
    BatchRefused,
    Credentials,
    Dialect,
    PanelClient,
    Progress,
    RefusalCode,
    Unavailable,
    Unreadable,
)
from providers.panel_api.http.transport import Delivery
from providers.panel_api.id_batches import ask_all

from .stub import KEY, URL, StubTransport, said


def provider(
    known: Collection[str], *, poison: Collection[str] = (), lost: Collection[str] = ()
) -> StubTransport:
    """Answers `status`; a batch with a poisoned id is refused, lost ids are left out."""

    def answer(fields: dict[str, str]) -> Delivery:
        if "order" in fields:
            one = fields["order"]
            good = one in known and one not in poison
            return said('{"status":"Pending"}' if good else '{"error":"Incorrect order ID"}')
        ids = fields["orders"].split(",")
        if set(ids).intersection(poison):
            return said('{"error":"Incorrect request"}')
        rows = {
            one: {"status": "Pending"} if one in known else {"error": "Incorrect order ID"}
            for one in ids
            if one not in lost
        }
        return said(json.dumps(rows))

    return StubTransport(by=answer)


def asking(transport: StubTransport, **dialect: int) -> PanelClient:
    return PanelClient(Credentials(URL, KEY), Dialect(**dialect), transport)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 201, 1000])
def test_every_id_once_and_never_above_a_hundred(count: int) -> None:
    ids = [str(1000 + n) for n in range(count)]
    transport = provider(set(ids))
    answers = asking(transport).statuses(ids)
    asked = [fields.get("orders", fields.get("order", "")).split(",") for fields in transport.asked]
    assert [one for batch in asked for one in batch] == ids
    assert all(len(batch) <= 100 for batch in asked)
    assert len(asked) == -(-count // 100)
    assert list(answers) == ids
    assert all(isinstance(row, Progress) for row in answers.values())


@given(
    ids=st.lists(st.integers(1, 10**9).map(str), max_size=250),
    size=st.integers(1, 100),
    known=st.sets(st.integers(1, 10**9).map(str)),
)
def test_each_id_has_an_answer_whatever_the_batch(
    ids: list[str], size: int, known: set[str]
) -> None:
    answers = asking(provider(known), batch_size=size).statuses(ids)
    assert set(answers) == set(ids)


@given(st.integers(0, 99))
def test_one_poisoned_id_is_found_in_few_calls(place: int) -> None:
    ids = [str(1000 + n) for n in range(100)]
    transport = provider(set(ids), poison={ids[place]})
    answers = asking(transport).statuses(ids)
    assert [one for one, row in answers.items() if isinstance(row, Unreadable)] == [ids[place]]
    assert len(transport.asked) <= 1 + 2 * 7


def test_ids_without_a_row_are_asked_about_once_more_by_themselves() -> None:
    transport = provider({"1", "2", "3"}, lost={"2", "9"})
    answers = asking(transport).statuses(["1", "2", "3", "9"])
    assert [fields.get("order") for fields in transport.asked] == [None, "2", "9"]
    assert isinstance(answers["2"], Progress)
    assert answers["9"] == Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)


def test_an_id_the_provider_never_mentions_is_missing() -> None:
    def never(ids: Sequence[str]) -> dict[str, str | Unreadable]:
        return {one: Unreadable("no row", missing=True) for one in ids}

    assert ask_all(["1", "2"], never, size=100)["1"].missing  # type: ignore[union-attr]


def test_a_provider_whose_rows_name_no_ids_is_asked_singly_at_once() -> None:
    def answer(fields: dict[str, str]) -> Delivery:
        row = '{"status":"Pending"}'
        return said(row if "order" in fields else f"[{row},{row},{row},{row}]")

    transport = StubTransport(by=answer)
    answers = asking(transport).statuses(["1", "2", "3", "4"])
    assert len(transport.asked) == 5
    assert all(isinstance(row, Progress) for row in answers.values())


def test_one_call_is_one_call() -> None:
    transport = provider({"1"}, poison={"2"})
    with pytest.raises(BatchRefused):
        asking(transport).statuses_once(["1", "2"])
    assert len(transport.asked) == 1
    with pytest.raises(ValueError, match="at most 100"):
        asking(transport).statuses_once([str(n) for n in range(1, 102)])


def test_one_error_for_every_batch_is_about_the_account_and_is_not_asked_for_ever() -> None:
    transport = StubTransport(by=lambda fields: said('{"error":"Out of order"}'))
    with pytest.raises(Unavailable, match="Out of order"):
        asking(transport).statuses([str(number) for number in range(1, 501)])
    assert len(transport.asked) == 5


def test_other_errors_pass_through() -> None:
    client = asking(StubTransport(said("", 500)))
    with pytest.raises(Unavailable) as raised:
        client.statuses(["1", "2"])
    assert not isinstance(raised.value, BatchRefused)
