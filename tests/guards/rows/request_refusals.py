"""What several sentences mean for a refill or a cancel that was refused."""

from __future__ import annotations

from tests.guards.guard import Guard

SENTENCES = "orders/tests/aftersales/test_several_sentences.py"
TOGETHER = "providers/panel_api/tests/test_request_refusals.py"
TABLE = "providers/panel_api/refusals/request_refusals.py"
ABOUT_ORDERS = "orders/tests/aftersales/test_words_about_orders.py"
OTHER_WORDS = "orders/tests/aftersales/test_other_words.py"
OTHER_PLACES = "providers/panel_api/tests/test_other_words.py"
OUTCOME = "orders/aftersales/batch_outcome.py"

GUARDS = (
    Guard(
        "cancel: told that a refill is under way, which proves nothing",
        "        (Says.REFILL_OPEN, Meaning.UNCLEAR),\n",
        "        (Says.REFILL_OPEN, Meaning.OPEN),\n",
        (
            f"{SENTENCES}::test_a_cancel_is_not_taken_where_a_refill_is_said_to_be_under_way",
            f"{SENTENCES}::test_nor_does_that_end_the_doubt_of_one_that_is_another_calls",
        ),
        TABLE,
        items=(24,),
    ),
    Guard(
        "refill: told that it is under way, beside a no",
        "        (Says.REFILL_OPEN, Meaning.OPEN),\n",
        "",
        (
            f"{SENTENCES}"
            "::test_a_refill_that_a_later_sentence_tells_of_is_followed_and_not_sent_again",
            f"{TOGETHER}::test_what_they_mean_together",
        ),
        TABLE,
        items=(10,),
    ),
    Guard(
        "refill: told of too many calls, and to wait",
        "        (Says.WAIT, Meaning.WAIT),\n        (Says.TOO_MANY, Meaning.TOO_MANY),\n",
        "        (Says.TOO_MANY, Meaning.TOO_MANY),\n        (Says.WAIT, Meaning.WAIT),\n",
        (f"{SENTENCES}::test_a_lost_refill_of_which_a_later_sentence_tells_stays_in_doubt",),
        TABLE,
        items=(10,),
    ),
    Guard(
        "refill: known of another one, which is not why of all that is said",
        "was_lost and bool(says & (Says.NO | Says.TOO_MANY))",
        "False",
        (f"{SENTENCES}::test_what_another_one_that_we_know_of_does_not_explain_keeps_the_doubt",),
        "orders/aftersales/refill_sends.py",
        items=(10,),
    ),
    Guard(
        "request: words that were kept with one code tell of each sentence",
        "    says = _says([reason], [code, *known])\n",
        "    says = _says([reason], [code])\n",
        (f"{TOGETHER}::test_what_was_kept_without_it_says_the_same_as_what_was_read",),
        TABLE,
        items=(10,),
    ),
    Guard(
        "request: words that may have been cut prove nothing",
        "says | Says.UNKNOWN if len(reason) >= LONGEST_SENTENCE else says",
        "says",
        (f"{TOGETHER}::test_words_that_were_kept_and_may_have_been_cut_prove_nothing",),
        TABLE,
        items=(10,),
    ),
    Guard(
        "request: a kept answer says what has no room in its words",
        "        case Answered(rows):\n",
        '        case Answered(rows):\n            return {**_kept(rows), "says": {}}\n',
        (f"{SENTENCES}::test_the_answer_that_is_kept_on_disk_tells_the_same",),
        OUTCOME,
        items=(10,),
    ),
    Guard(
        "request: what a newer release has heard proves nothing",
        "Says.__members__.get(one, Says.UNKNOWN)",
        "Says.__members__.get(one, Says(0))",
        (f"{SENTENCES}::test_what_a_newer_release_has_heard_proves_nothing",),
        OUTCOME,
        items=(10,),
    ),
    Guard(
        "request: beside trouble of the account it is heard that it is there",
        "        if not self._tells_of_request(answer):\n",
        "        if True:\n",
        (f"{TOGETHER}::test_beside_trouble_of_the_account_it_is_heard_that_it_is_there",),
        "providers/panel_api/client.py",
        items=(10,),
    ),
    Guard(
        "cancel: beside one given up it waits as long as it is told",
        "        return lost(request, words, now, until=until, is_heard=True)\n",
        "        return lost(request, words, now, is_heard=True)\n",
        (f"{SENTENCES}::test_a_cancel_beside_one_given_up_waits_as_long_as_it_is_told",),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "request: words about an order that runs prove nothing of a refill or a cancel",
        "    Code.LINK_BUSY: Says.UNKNOWN,\n    Code.DUPLICATE: Says.UNKNOWN,\n",
        "",
        (
            f"{ABOUT_ORDERS}"
            "::test_a_refill_that_may_be_the_one_that_runs_is_in_doubt_and_not_sent_again",
            f"{ABOUT_ORDERS}::test_a_cancel_is_unclear",
            f"{ABOUT_ORDERS}::test_so_it_is_where_the_release_before_has_kept_it",
        ),
        TABLE,
        items=(10,),
    ),
    Guard(
        "request: a phrase of the provider hides none of ours",
        "    if additions:  # a provider's own word hides none of ours\n",
        "    if False:\n",
        (f"{ABOUT_ORDERS}::test_a_phrase_of_the_provider_hides_nothing_of_what_we_know",),
        TABLE,
        items=(10,),
    ),
    Guard(
        "request: refused as a whole, beside other words",
        "        if refusal and (others := self._other_words(answer)):\n",
        "        if others := []:\n",
        (
            f"{OTHER_WORDS}::test_a_refill_that_may_be_under_way_is_in_doubt_and_not_sent_again",
            f"{OTHER_WORDS}::test_a_cancel_that_may_be_taken_is_unclear",
        ),
        "providers/panel_api/client.py",
        items=(10,),
    ),
    Guard(
        "request: a row is refused beside other words of it",
        "    if others := other_words(row, said, dialect.refusals):\n",
        "    if others := list[str]():\n",
        (
            f"{OTHER_PLACES}::test_a_refill_is_not_refused_beside_words_that_it_may_be_under_way",
            f"{OTHER_PLACES}::test_nor_is_a_cancel_that_may_be_taken",
        ),
        "providers/panel_api/answers/decode_requests.py",
        items=(10,),
    ),
    Guard(
        "request: a row is refused beside other words about the whole",
        "beside_rows(answer.body, rows, self.dialect.refusals)",
        "rows",
        (f"{OTHER_PLACES}::test_a_refill_is_not_refused_beside_words_that_it_may_be_under_way",),
        "providers/panel_api/client.py",
        items=(10,),
    ),
)
