"""What a refusal proves, and what a connection check learns."""

from __future__ import annotations

from tests.guards.guard import Guard

CONNECTION_CHECK = "providers/panel_api/tests/test_connection_check.py"
REFUSAL_PHRASES = "providers/panel_api/tests/test_refusal_phrases.py"
THROTTLES = "providers/panel_api/tests/test_throttles.py"


GUARDS = (
    Guard(
        "check: a limit is learned of a clear answer",
        "    elif refusal.singly or _is_about_two(check, refusal):",
        "    elif refusal:",
        (f"{CONNECTION_CHECK}::test_one_unknown_refusal_for_everything_shows_no_limit",),
        "providers/panel_api/connection_check/batch_check.py",
        items=(34,),
    ),
    Guard(
        "check: by a client that can ask more",
        "most = max(check.dialect.batch_size, len(IMPOSSIBLE_IDS))",
        "most = check.dialect.batch_size",
        (f"{CONNECTION_CHECK}::test_a_limit_that_was_once_learned_is_lifted_by_a_clear_answer",),
        "providers/panel_api/connection_check/batch_check.py",
        items=(34,),
    ),
    Guard(
        "check: a limit is lifted",
        '        changes["batch_size"] = LARGEST_BATCH\n',
        "        pass\n",
        (f"{CONNECTION_CHECK}::test_a_limit_that_was_once_learned_is_lifted_by_a_clear_answer",),
        "providers/panel_api/connection_check/batch_check.py",
        items=(34,),
    ),
    Guard(
        "check: one alone was not understood either",
        "    if isinstance(one, Unreadable) and one.code is not RefusalCode.UNKNOWN_ORDER:\n"
        "        return False\n",
        "",
        (f"{CONNECTION_CHECK}::test_two_refused_as_one_alone_is_show_no_limit",),
        "providers/panel_api/connection_check/batch_check.py",
        items=(34,),
    ),
    Guard(
        "check: of the key only what is known",
        "        elif answer.is_success and self._names_a_balance(answer):",
        "        elif answer:",
        (f"{CONNECTION_CHECK}::test_it_says_of_the_key_only_what_it_knows",),
        "providers/panel_api/connection_check/connect.py",
        items=(35,),
    ),
    Guard(
        "batches: the same error for everything is about the account",
        "return (self.explains_no_id() or self._times >= SAME_IN_A_ROW) and not self._in_all",
        "return False",
        (
            "orders/tests/polling/test_poll_batch.py::test_one_error_for_everything_is_about_the_account_and_is_asked_about_less_often",
        ),
        "providers/panel_api/id_batches.py",
        items=(27,),
    ),
    Guard(
        "throttle: beside a success",
        "    if says_success(body) or _has_rows(body):",
        "    if _has_rows(body):",
        (f"{THROTTLES}::test_the_words_of_a_throttle_are_not_heard_where_something_was_done",),
        "providers/panel_api/refusals/throttles.py",
        items=(26,),
    ),
    Guard(
        "throttle: one row of several",
        "    if says_success(body) or _has_rows(body):",
        "    if says_success(body):",
        (f"{THROTTLES}::test_the_words_of_a_throttle_are_not_heard_where_something_was_done",),
        "providers/panel_api/refusals/throttles.py",
        items=(26,),
    ),
    Guard(
        "throttle: a page with another code",
        'Throttle(page if http_status == 429 else "", bool(page))',
        "Throttle(page, bool(page))",
        (f"{THROTTLES}::test_a_page_of_a_throttle_proves_something_with_its_own_code_alone",),
        "providers/panel_api/refusals/throttles.py",
        items=(26,),
    ),
    Guard(
        "phrase: each sentence was reviewed",
        '        if not adds_nothing and not (names_an_action and " " not in rest):\n'
        "            return Code.UNLISTED",
        "        pass",
        (f"{REFUSAL_PHRASES}::test_one_sentence_nobody_reviewed_spoils_the_rest",),
        "providers/panel_api/refusals/classify.py",
        items=(37,),
    ),
    Guard(
        "phrase: read to its end",
        "    if len(sentence) > LONGEST_SENTENCE:\n        return Code.UNLISTED",
        "    if False:\n        return Code.UNLISTED",
        (f"{REFUSAL_PHRASES}::test_one_sentence_nobody_reviewed_spoils_the_rest",),
        "providers/panel_api/refusals/classify.py",
        items=(37,),
    ),
    Guard(
        "phrase: known tails",
        "adds_nothing = rest in _TAILS or",
        "adds_nothing =",
        (f"{REFUSAL_PHRASES}::test_a_reviewed_sentence_has_its_meaning",),
        "providers/panel_api/refusals/classify.py",
        items=(37,),
    ),
    Guard(
        "phrase: heads that say nothing",
        "    while parts and parts[0] in HEADS:\n        parts = parts[1:]\n",
        "",
        (f"{REFUSAL_PHRASES}::test_a_reviewed_sentence_has_its_meaning",),
        "providers/panel_api/refusals/classify.py",
        items=(37,),
    ),
)
