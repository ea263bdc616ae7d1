"""The replay of a lost order."""

from __future__ import annotations

from tests.guards.guard import Guard

ASKING = "orders/tests/recovery/test_asking_again.py"
INVARIANTS = "orders/tests/sending/test_invariants.py"
REPLAYS = "orders/tests/recovery/test_replays_are_writes.py"

GUARDS = (
    Guard(
        "replay: only what went out with our id",
        "carries = bool(parameter) and attempt.wire.get(parameter) == attempt.idempotency_key",
        "carries = bool(parameter)",
        (f"{ASKING}::test_what_went_out_without_an_id_of_ours_is_not_replayed_with_one",),
        "orders/recovery/search/replay.py",
        items=(23,),
    ),
    Guard(
        "replay: a refused one proves nothing",
        "        # The first send may be what it is refused for: the money spent, the link busy.\n",
        "        resolve.show_absent([attempt], by=Resolution.REPLAY, now=clock())\n",
        (f"{ASKING}::test_a_refused_replay_proves_nothing_of_the_first_send",),
        "orders/recovery/search/replay.py",
        items=(23,),
    ),
    Guard(
        "replay: a doubt that is reopened forgets no number",
        "evidence = with_names_of(attempt.evidence, {**kept, **seen, CANDIDATE: external_id})",
        "evidence = {**kept, **seen, CANDIDATE: external_id}",
        (f"{REPLAYS}::test_whatever_is_written_of_a_send_later_forgets_no_number_of_it",),
        "orders/sending/reopen.py",
        items=(11,),
    ),
    Guard(
        "replay: an accepted id that is another order's forgets no number",
        "evidence=with_names_of(known, {**known, CANDIDATE: number}),",
        "evidence={**known, CANDIDATE: number},",
        (f"{INVARIANTS}::test_an_accepted_id_that_is_another_orders_becomes_a_candidate",),
        "orders/sending/invariants.py",
        items=(11,),
    ),
    Guard(
        "replay: the first answer alone ends nothing",
        "if REPLAYED_AS in known.evidence and outcome.outcome in NOTHING_BOUGHT:",
        "if REPLAYED_AS in known.evidence and outcome.outcome == NOTHING_BOUGHT:",
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_leaves_its_order_in_doubt",),
        "orders/sending/record_outcome.py",
        items=(23,),
    ),
    Guard(
        "replay: written down before its first byte",
        'lost.evidence = {REPLAYED_AS: "", **lost.evidence}',
        "lost.evidence = {**lost.evidence}",
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_leaves_its_order_in_doubt",),
        "orders/sending/replays.py",
        items=(23,),
    ),
    Guard(
        "replay: waited for as the first send was",
        'anew = {"waited_seconds": 0, "waited_at": now, "surely_after": None}',
        'anew = {"waited_at": now}',
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_is_waited_for_like_the_first_send",),
        "orders/sending/replays.py",
        items=(23,),
    ),
    Guard(
        "replay: nobody decides by what was seen before it",
        'waited = {"waited_seconds__gte": attempt.waited_seconds}',
        'waited = {"waited_seconds__gte": 0}',
        (f"{REPLAYS}::test_whatever_was_read_before_a_replay_decides_nothing",),
        "orders/recovery/not_placed.py",
        items=(23,),
    ),
    Guard(
        "replay: nor by what was seen before the first one",
        "return same.exclude(evidence__has_key=REPLAYED_AS)",
        "return same",
        (f"{REPLAYS}::test_whatever_was_read_before_a_replay_decides_nothing",),
        "orders/recovery/not_placed.py",
        items=(23,),
    ),
    Guard(
        "replay: under the name and address it was promised for",
        "bool(rests_on) and self.replays_promised_for == rests_on",
        "bool(rests_on)",
        (f"{ASKING}::test_a_promise_is_about_one_parameter_at_one_address",),
        "orders/models/recovery.py",
        items=(23,),
    ),
    Guard(
        "replay: a number that contradicts one named before decides nothing",
        "if not order_id or ALSO_NAMED in attempt.evidence:",
        "if not order_id:",
        (
            f"{REPLAYS}::test_a_replay_that_contradicts_an_id_noted_before_keeps_both_and_decides_nothing",
        ),
        "orders/recovery/search/replay.py",
        items=(11,),
    ),
    Guard(
        "replay: on disk before its first byte",
        "name = guard.journal_replay(attempt, now=now)",
        "guard.refuse_another_database(attempt.provider_id, now=now)",
        (
            f"{REPLAYS}::test_nothing_is_replayed_that_cannot_be_written_down_before",
            f"{REPLAYS}::test_it_is_given_back_its_replays_by_the_next_look",
        ),
        "orders/recovery/search/replay.py",
        items=(24,),
    ),
    Guard(
        "replay: what a restored row has forgotten of it is known before an answer ends it",
        "    replay_journal.give_back(known, now=now)\n",
        "",
        (
            f"{REPLAYS}::test_a_database_from_before_the_replay_does_not_end_what_it_may_have_bought",
        ),
        "orders/sending/record_outcome.py",
        items=(23,),
    ),
    Guard(
        "replay: of a restored row that is in flight again too",
        "        _lose_again(attempt, now)\n",
        "        pass\n",
        (
            f"{REPLAYS}::test_a_database_from_before_the_replay_does_not_end_what_it_may_have_bought",
        ),
        "orders/sending/record_outcome.py",
        items=(23,),
    ),
)
