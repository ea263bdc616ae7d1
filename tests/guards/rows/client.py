"""The client: what goes out, and what an answer proves."""

from __future__ import annotations

from tests.guards.guard import Guard

EACH = "orders/tests/sending/test_each_guard.py"
HTTP = "orders/tests/sending/test_over_real_http.py"
MATRIX = "tests/transport_matrix/test_matrix.py"
SOCKETS = "providers/panel_api/tests/test_sockets.py"
WRITES = "orders/tests/sending/test_every_write.py"

GUARDS = (
    Guard(
        "answer: no order that is said to have failed",
        " and not against:",
        ":",
        ("providers/panel_api/tests/test_samples.py::test_sample",),
        "providers/panel_api/answers/answer.py",
        items=(30,),
    ),
    Guard(
        "client: the marker before the first byte",
        "            self.bytes_left = True",
        "            self.bytes_left = False",
        (f"{MATRIX}::test_the_client_claims_what_is_so",),
        "providers/panel_api/http/connection.py",
    ),
    Guard(
        "client: the pre-send check before the first byte",
        "                self._before_send()",
        "                self._before_send.__call__",
        (f"{SOCKETS}::test_the_pre_send_check_stands_after_connecting_and_before_the_first_byte",),
        "providers/panel_api/http/connection.py",
        items=(3,),
    ),
    Guard(
        "client: what was killed is no answer",
        "    if exchange.killed:",
        "    if not exchange:",
        (f"{SOCKETS}::test_a_killed_call_never_counts_as_answered",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: no redirect is followed",
        "response = adapter.send(request, stream=True, timeout=timeout, verify=True)",
        "session = requests.Session()\n"
        '            session.mount("http://", adapter)\n'
        "            response = session.send(request, stream=True, timeout=timeout, verify=True)",
        (f"{MATRIX}::test_nobody_is_called_but_the_provider",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: no proxy of the environment",
        "response = adapter.send(request, stream=True, timeout=timeout, verify=True)",
        "session = requests.Session()\n"
        '            session.mount("http://", adapter)\n'
        "            more = session.merge_environment_settings(request.url, {}, True, True, None)\n"
        "            response = session.send(request, allow_redirects=False, **more)",
        (f"{MATRIX}::test_nobody_is_called_but_the_provider",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: a connection of its own for a write",
        "fresh=action in WRITES,",
        "fresh=False,",
        (f"{SOCKETS}::test_every_write_has_a_connection_of_its_own_and_reads_share_one",),
        "providers/panel_api/client.py",
    ),
    Guard(
        "classification: only reviewed words refuse",
        "reviewed = bool(refusals) and all(code in PROVE_NOT_PLACED for _, code in refusals)",
        "reviewed = bool(refusals)",
        (f"{HTTP}::test_a_lost_answer_is_unconfirmed_whether_it_was_bought_or_not",),
        "providers/panel_api/answers/answer.py",
        items=(37,),
    ),
    Guard(
        "answer: an order that shows nothing of itself may be one",
        "if is_so_called and value == {}:",
        "if is_so_called and value is NotImplemented:",
        (
            "providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",
            "providers/panel_api/tests/test_refusals_beside_ids.py::test_a_refill_may_be_there",
        ),
        "providers/panel_api/made.py",
        items=(30,),
    ),
    Guard(
        "answer: an error code in numbers is no state",
        '("errorcode", "errorno", "errno", "errcode"), _error_code',
        '("errorcode", "errorno", "errno", "errcode"), _outcome',
        ("providers/panel_api/tests/test_samples.py::test_sample",),
        "providers/panel_api/answers/failure.py",
        items=(30,),
    ),
    Guard(
        "answer: a row under its number may be an order",
        "_is_charged(body, _DEEPEST) or _is_keyed_by_id(body, _DEEPEST)",
        "_is_charged(body, _DEEPEST)",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/made.py",
        items=(30,),
    ),
    Guard(
        "answer: several ids in one field are ids",
        "(?:ids?|no|nr|nums?|numbers?|refs?|references?|uuids?|keys?)",
        "(?:id|no|nr|num|number|ref|reference|uuid|key)",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/made.py",
        items=(30,),
    ),
    Guard(
        "answer: what was charged for may have been bought",
        "if _is_charged(body, _DEEPEST) or",
        "if",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/made.py",
        items=(30,),
    ),
    Guard(
        "classification: an id beside an error proves nothing",
        "if order_id and answer.is_success and not refusals and not against:",
        "if order_id and answer.is_success:",
        (f"{HTTP}::test_a_lost_answer_is_unconfirmed_whether_it_was_bought_or_not",),
        "providers/panel_api/answers/answer.py",
        items=(30,),
    ),
    Guard(
        "classification: a failing HTTP code proves nothing",
        "if order_id and answer.is_success and not refusals and not against:",
        "if order_id and not refusals and not against:",
        (f"{EACH}::test_an_id_with_a_failing_code_is_not_believed",),
        "providers/panel_api/answers/answer.py",
        items=(26,),
    ),
    Guard(
        "classification: what may be an order beside an error takes the proof away",
        "if reviewed and not may_be_there and can_prove(answer):",
        "if reviewed and not candidate and can_prove(answer):",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/answers/answer.py",
        items=(30,),
    ),
    Guard(
        "refills: one that is named by its order alone",
        'what == "refill" and answers_for_one(answer.body, asked)',
        "False",
        (
            "providers/panel_api/tests/test_refusals_beside_ids.py"
            "::test_refills_named_by_their_orders_beside_a_throttle_are_in_doubt",
        ),
        "providers/panel_api/client.py",
        items=(26,),
    ),
)
