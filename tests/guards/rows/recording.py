"""What became of a call, and the sweep that puts rows right."""

from __future__ import annotations

from tests.guards.guard import Guard

CONSTRAINTS = "core/tests/test_constraints.py"
DOUBTS = "orders/tests/recovery/test_doubts_over_http.py"
FORMATS = "orders/tests/sending/test_file_formats.py"
INVARIANTS = "orders/tests/sending/test_invariants.py"
LOOPS = "core/tests/test_loops.py"
OUTCOMES = "orders/tests/sending/test_outcomes.py"
POLLS = "orders/tests/polling/test_poll_batch.py"
FROZEN = "orders/tests/polling/test_frozen_polls.py"
SAME_ACCOUNT = "orders/tests/recovery/test_rows_of_one_account.py"
SENDING = "orders/tests/sending/test_send_orders.py"


GUARDS = (
    Guard(
        "polling: a refill's answer of before is not written over a newer one",
        '"followed_by": refill.followed_by, "due_at": refill.due_at}',
        '"followed_by": refill.followed_by}',
        (f"{FROZEN}::test_an_answer_of_before_about_a_refill_is_not_written_over_a_newer_one",),
        "orders/aftersales/poll_refills.py",
        items=(3,),
    ),
    Guard(
        "balance: one of before is not written over one that was read since",
        "same.filter(**known) if known",
        "same if known",
        (
            "providers/tests/test_balances.py::test_a_balance_of_before_is_not_written_over_one_that"
            "_was_read_since",
            "providers/tests/test_balances.py::test_an_answer_of_before_says_nothing_of_one_that_was"
            "_given_since",
        ),
        "providers/actions/balances.py",
        items=(36,),
    ),
    Guard(
        "invariants: an order that nobody asks about is asked about again",
        "        return _ask_about(order, now)",
        "        return False",
        (f"{INVARIANTS}::test_an_order_that_nobody_asks_about_is_asked_about_again",),
        "orders/sending/invariants.py",
        items=(1,),
    ),
    Guard(
        "invariants: a late acceptance that nobody has seen is not ended",
        "    return _end(order, attempts[0], now) if taken is None else _offer(order, taken, now)",
        "    return _end(order, attempts[0], now)",
        (f"{INVARIANTS}::test_a_send_that_was_taken_after_all_is_not_ended_but_offered",),
        "orders/sending/invariants.py",
        items=(11,),
    ),
    Guard(
        "recording: only what nobody has decided",
        "undecided = Attempt.objects.same_as(attempt).filter(resolved_by=None, late={})",
        "undecided = Attempt.objects.same_as(attempt)",
        (
            f"{OUTCOMES}::test_a_given_up_order_that_was_taken_is_flagged_and_can_be_linked",
            f"{OUTCOMES}::test_a_late_proof_that_is_told_twice_changes_nothing_the_second_time",
        ),
        "orders/sending/record_outcome.py",
        items=(2,),
    ),
    Guard(
        "recording: proof that comes late asks a person",
        "if order.status == Status.UNCONFIRMED and to in NOT_SENT:",
        "if order.status == Status.GIVEN_UP:",
        (f"{SENDING}::test_proof_of_not_sent_after_the_reaper_waits_for_a_person",),
        "orders/sending/record_outcome.py",
        items=(11,),
    ),
    Guard(
        "recording: the outcome and its order, or neither",
        "    if not order.move(to, now=now, **changes):\n        raise RaceLost",
        "    if not order.move(to, now=now, **changes) and not to:\n        raise RaceLost",
        (
            f"{OUTCOMES}::test_an_attempt_is_not_closed_where_its_order_was_moved_by_somebody_else",
            f"{OUTCOMES}::test_a_race_that_is_always_lost_writes_nothing",
        ),
        "orders/sending/record_outcome.py",
        items=(1,),
    ),
    Guard(
        "recording: what contradicts a proof is in doubt again",
        "    if order.status not in REOPENED_BY_PROOF:\n        return taken",
        "    if order.status != REOPENED_BY_PROOF:\n        return taken",
        (f"{OUTCOMES}::test_a_late_proof_of_acceptance_stops_a_second_purchase_and_can_be_linked",),
        "orders/sending/record_outcome.py",
        items=(11,),
    ),
    Guard(
        "recording: a second try that bought nothing reopens the first, B11",
        "        if followed.outcome in NOTHING_BOUGHT and not reopen",
        "        if followed.outcome == NOTHING_BOUGHT and not reopen",
        (
            f"{OUTCOMES}::test_a_second_try_that_bought_nothing_leaves_the_order_to_the_late_proof"
            "_of_the_first",
        ),
        "orders/sending/record_outcome.py",
        items=(10, 11),
    ),
    Guard(
        "recording: an id of the account's other row is taken",
        "elsewhere = Q(provider__in=others) | other_spelling",
        "elsewhere = other_spelling",
        (f"{SAME_ACCOUNT}::test_an_id_that_an_order_of_the_other_row_has_is_nobody_s",),
        "orders/sending/reused_id.py",
        items=(9,),
    ),
    Guard(
        "recording: the answer to one order ends no attempt of another",
        "pk=known.pk, order=known.order_id, started_at=known.started_at",
        "pk=known.pk",
        (
            "orders/tests/restores/test_reused_numbers.py"
            "::test_the_answer_to_one_order_ends_no_attempt_of_another",
            "orders/tests/restores/test_reused_numbers.py"
            "::test_what_comes_after_the_call_is_said_of_no_other_attempt",
        ),
        "orders/models/attempt.py",
        items=(23,),
    ),
    Guard(
        "recording: both orders of an id given twice are flagged with the outcome",
        "        if reused:\n",
        "        if reused and not reused:\n",
        (f"{OUTCOMES}::test_both_orders_of_an_id_given_twice_are_flagged_whoever_records_it",),
        "orders/sending/record_outcome.py",
        items=(9,),
    ),
    Guard(
        "doubts: a refusal that says it is there reopens, B10",
        "is_there = says_it_is_there(attempt.order, refusal.code, knows_blocker=knows_blocker)",
        "is_there = not refusal.code",
        (f"{DOUBTS}::test_a_refusal_that_says_it_is_there_reopens_the_doubt",),
        "orders/sending/send_orders.py",
        items=(10,),
    ),
    Guard(
        "doubts: the machine proves nothing of what is said to be there, B10",
        "    if attempt.code == Doubt.IS_THERE:\n        return False",
        "    if attempt.code == Doubt.LOST:\n        return True",
        (f"{OUTCOMES}::test_a_late_proof_of_acceptance_stops_a_second_purchase_and_can_be_linked",),
        "orders/recovery/resolve.py",
        items=(10,),
    ),
    Guard(
        "doubts: only lost answers count for the limit, G38",
        "    lost = lost.exclude(code__in=NOT_LOST)\n",
        "    lost = lost.exclude(code__in=NOT_LOST[:0])\n",
        (
            f"{DOUBTS}::test_why_nobody_knows_has_a_code_and_only_what_was_lost_counts_for_the_limit",
        ),
        "orders/sending/halts.py",
        items=(38,),
    ),
    Guard(
        "reaper: each row as it is at its turn",
        "Attempt.objects.filter(pk=attempt_id).past_their_lease(now)",
        "Attempt.objects.filter(pk=attempt_id)",
        (f"{OUTCOMES}::test_the_reaper_decides_on_each_row_as_it_is_when_its_turn_comes",),
        "orders/sending/record_outcome.py",
        items=(2,),
    ),
    Guard(
        "reaper: never back to the queue",
        "SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, WORKER_LOST)",
        "SendOutcome(Outcome.NOT_SENT, Status.QUEUED, WORKER_LOST)",
        (f"{SENDING}::test_a_claim_past_its_lease_becomes_unconfirmed_and_is_not_queued_again",),
        "orders/sending/record_outcome.py",
        items=(2,),
    ),
    Guard(
        "sweep: only in a database that is ours",
        "    if halts.may_be_another_database(now):\n        return 0\n    suspects",
        "    suspects",
        (f"{INVARIANTS}::test_nothing_is_concluded_in_a_database_that_may_have_been_taken_back",),
        "orders/sending/invariants.py",
        items=(23,),
    ),
    Guard(
        "spool: a database that takes no writes sets no answer aside",
        "        if isinstance(error, OF_THE_DATABASE) and not isinstance(error, OF_THE_ROW):",
        "        if False:",
        (
            "orders/tests/sending/test_answer_spool.py"
            "::test_a_database_that_takes_no_writes_sets_no_answer_aside",
        ),
        "orders/sending/writes/spool_files.py",
        items=(18,),
    ),
    Guard(
        "polling: a flag of this moment is not written over",
        "found = {pk: (status, flag) for pk, status, flag, _ in rows}",
        "found = {pk: (status, self.as_read[pk][1]) for pk, status, flag, _ in rows}",
        (f"{POLLS}::test_a_flag_that_is_raised_while_its_answer_was_read_stays",),
        "orders/polling/write_answers.py",
        items=(2,),
    ),
    Guard(
        "polling: an older answer is not written over a newer one",
        "        lost |= self._asked_since()\n",
        "",
        (
            f"{FROZEN}::test_an_answer_of_before_is_not_written_over_a_newer_one",
            f"{FROZEN}::test_the_answer_of_last_time_is_not_heard_anew_by_who_stood_still",
        ),
        "orders/polling/write_answers.py",
        items=(2,),
    ),
    Guard(
        "polling: an answer is written only to the order that has the id it is about",
        "{pk for pk, *_, one in rows if one != self.asked[pk].external_id}",
        "set[int]()",
        (f"{FROZEN}::test_an_order_with_another_id_than_its_schedule_takes_no_word_about_it",),
        "orders/polling/write_answers.py",
        items=(2, 13),
    ),
    Guard(
        "polling: what was overtaken stays due",
        "self.schedules = [entry for entry in self.schedules if entry[-1] not in lost]",
        "pass",
        (f"{POLLS}::test_an_answer_that_was_overtaken_is_taken_over_when_it_comes_again",),
        "orders/polling/write_answers.py",
        items=(2,),
    ),
    Guard(
        "files on disk: sends of the release before are known",
        'line.get("payload", line.get("wish"))',
        'line["payload"]',
        (f"{FORMATS}::test_the_send_journal_of_each_release_is_read",),
        "orders/sending/writes/sent_lines.py",
        items=(23,),
    ),
    Guard(
        "files on disk: answers of the release before are taken in",
        'name = "send_outcome" if "send_outcome" in written else "settlement"',
        'name = "send_outcome"',
        (f"{FORMATS}::test_the_kept_answer_of_each_release_is_read",),
        "orders/sending/outcome.py",
        items=(23,),
    ),
    Guard(
        "restore: the names of an earlier release",
        'line.get("payload", line.get("wish"))',
        'line["payload"]',
        (
            "orders/tests/restores/test_earlier_journals.py"
            "::test_an_order_sent_by_an_earlier_release_is_not_sent_again_by_a_restored_database",
        ),
        "orders/sending/writes/sent_lines.py",
        items=(23,),
    ),
    Guard(
        "loops: a broken row is left",
        "        except Exception:\n            log.exception(",
        "        except KeyError:\n            log.exception(",
        (f"{LOOPS}::test_a_broken_row_is_left_and_the_others_have_their_turn",),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "loops: a database that is away ends them",
        "            if away == MOST_AWAY or not connection.is_usable():\n                raise\n",
        "",
        (f"{LOOPS}::test_a_database_that_is_away_ends_the_loop_with_its_error",),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "loops: a locked row now and then ends nothing",
        "            done += bool(act(row))\n            away = 0\n",
        "            done += bool(act(row))\n",
        (f"{LOOPS}::test_a_row_that_is_locked_now_and_then_ends_nothing",),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "constraints: which one was broken",
        "    if broken_constraint(error) not in constraints:\n",
        "    if not broken_constraint(error):\n",
        (f"{CONSTRAINTS}::test_only_the_promise_that_was_thought_of_is_let_pass",),
        "core/rows/constraints.py",
        items=(25,),
    ),
    Guard(
        "constraints: a check by its name",
        "    if words.startswith(_SQLITE_CHECK):\n"
        "        return words.removeprefix(_SQLITE_CHECK)\n",
        "",
        (f"{CONSTRAINTS}::test_a_broken_promise_is_told_by_name",),
        "core/rows/constraints.py",
        items=(25,),
    ),
    Guard(
        "poll: what can never be read again is flagged",
        "    if failures >= strikes and not order.flag:",
        "    if not_there and failures >= strikes and not order.flag:",
        (f"{POLLS}::test_an_order_whose_row_is_never_readable_again_is_flagged_until_it_is",),
        "orders/polling/poll_batch.py",
        items=(14,),
    ),
)
