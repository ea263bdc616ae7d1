"""Writes of many rows at once: a broken one is told, and those beside it are written."""

from __future__ import annotations

from tests.guards.guard import Guard

LOOPS = "core/tests/test_loops.py"
ODD_CATALOGS = "providers/tests/test_odd_catalogs.py"
FORMATS = "orders/tests/sending/test_file_formats.py"
NUMBERS = "orders/tests/aftersales/test_refill_numbers.py"
REFUSED = "orders/tests/aftersales/test_refused_writes.py"
POISON = "orders/tests/sending/test_poison_rows.py"
UNWRITABLE = "orders/tests/aftersales/test_unwritable_refills.py"

GUARDS = (
    Guard(
        "halves: down to the one that is broken",
        "            if half:\n",
        "            if False:\n",
        (
            f"{LOOPS}::test_what_is_broken_is_found_in_halves_and_all_else_is_done",
            f"{ODD_CATALOGS}"
            "::test_a_service_that_the_write_refuses_keeps_no_other_from_being_mirrored",
        ),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "halves: what breaks with every row is no fault of a row",
        "            if len(broken) > most:\n                raise\n",
        "",
        (
            f"{LOOPS}::test_what_breaks_with_every_row_is_no_fault_of_a_row",
            f"{ODD_CATALOGS}::test_a_write_that_is_refused_again_and_again_is_a_fault_of_our_own",
        ),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "halves: a database that is away ends it",
        "        except fatal:\n            raise\n",
        "",
        (f"{LOOPS}::test_what_is_no_fault_of_a_row_ends_the_halving_at_once",),
        "core/rows/loops.py",
        items=(18,),
    ),
    Guard(
        "catalog: a service that cannot be written is told of",
        "        snapshot = snapshot.without(left, NOT_WRITTEN)\n",
        "        pass\n",
        (
            f"{ODD_CATALOGS}"
            "::test_a_service_that_the_write_refuses_keeps_no_other_from_being_mirrored",
        ),
        "providers/actions/catalog/mirror_catalog.py",
        items=(18,),
    ),
    Guard(
        "catalog: what cannot be proposed is not bought at as before",
        "            _write(_as_gone(run, [one.service_id for one in broken]))\n",
        "            pass\n",
        (f"{ODD_CATALOGS}::test_terms_that_cannot_be_proposed_are_not_bought_at_as_before",),
        "providers/actions/catalog/propose_terms.py",
        items=(18, 20),
    ),
    Guard(
        "poll: an answer that cannot be written is put off and keeps no other waiting",
        '            broken, write, what="orders whose answer is broken", most=len(broken)\n',
        '            [], write, what="orders whose answer is broken", most=len(broken)\n',
        (
            f"{POISON}"
            "::test_an_order_whose_answer_cannot_be_written_keeps_no_other_of_its_batch_waiting",
        ),
        "orders/polling/poll_batch.py",
        items=(18,),
    ),
    Guard(
        "refill: an answer that cannot be written is put off and keeps no other waiting",
        'in_halves(broken, write, what="refills whose answer is broken", most=len(broken))\n',
        "[]\n",
        (
            f"{REFUSED}"
            "::test_a_refill_whose_answer_cannot_be_written_keeps_no_other_of_its_batch_waiting",
        ),
        "orders/aftersales/poll_refills.py",
        items=(18,),
    ),
    Guard(
        "requests: an answer that cannot be written counts as lost and keeps no other from its own",
        "    all_but_broken(broken, by(without_words(outcome)), what=WHAT, may_all_fail=True)\n",
        "",
        (
            f"{REFUSED}::test_a_cancel_whose_answer_cannot_be_written_keeps_no_other_of_its_call",
            f"{REFUSED}::test_a_refill_whose_start_cannot_be_written_keeps_no_other_of_its_call",
        ),
        "orders/aftersales/record_rows.py",
        items=(18, 24),
    ),
    Guard(
        "requests: what no value of a row brings about leaves the answer to its file",
        "in_halves(rows, _each(act), what=what, ends=NOT_OF_A_ROW, most=most)",
        "in_halves(rows, _each(act), what=what, most=most)",
        (
            f"{REFUSED}::test_a_schema_that_lacks_what_one_row_alone_needs_leaves_the_answer_to_its_file",
        ),
        "orders/aftersales/record_rows.py",
        items=(18, 24),
    ),
    Guard(
        "requests: the release before reads the answers of this one",
        ' if name not in ("is_own", "says")}',
        "}",
        (f"{FORMATS}::test_the_release_before_reads_a_refusal_in_words_of_the_desk",),
        "orders/aftersales/batch_outcome.py",
        items=(23, 24),
    ),
    Guard(
        "requests: what is no fault of a row leaves the answer to its file",
        "    most = len(rows) if may_all_fail else max(len(rows) - 1, 1)\n",
        "    most = len(rows)\n",
        (f"{REFUSED}::test_what_no_answer_can_be_written_for_is_no_fault_of_a_row",),
        "orders/aftersales/record_rows.py",
        items=(18, 24),
    ),
    Guard(
        "refill: one whose number was given again and that cannot be written keeps no call waiting",
        "    broken = all_but_broken("
        'by_key, lose, what="refills of one number", may_all_fail=True)',
        "    broken = []\n    for one in by_key:\n        lose(one)",
        (f"{NUMBERS}::test_a_refill_of_which_no_history_can_tell_is_lost_from_sight_all_the_same",),
        "orders/aftersales/refill_numbers.py",
        items=(18, 24),
    ),
    Guard(
        "cancels: late answers that cannot be told keep no other of their call from its own",
        "    may_all_fail = bool(orders) and held.exists()\n",
        "    may_all_fail = False\n",
        (f"{REFUSED}::test_where_no_late_answer_can_be_told_the_others_of_its_call_have_theirs",),
        "orders/aftersales/cancel_sends.py",
    ),
    Guard(
        "cancels: late answers of which none can be told stay in their file",
        "    may_all_fail = bool(orders) and held.exists()\n",
        "    may_all_fail = True\n",
        (f"{REFUSED}::test_where_no_late_answer_can_be_told_the_others_of_its_call_have_theirs",),
        "orders/aftersales/cancel_sends.py",
    ),
    Guard(
        "refill: one whose number was given again is lost from sight although nothing can tell so",
        "    all_but_broken("
        'broken, unfollow, what="refills without a history", may_all_fail=True)\n',
        "",
        (
            f"{NUMBERS}::test_a_refill_of_which_no_history_can_tell_is_lost_from_sight_all_the_same",
            f"{NUMBERS}::test_one_whose_history_cannot_be_written_keeps_no_other_from_being_asked_about",
        ),
        "orders/aftersales/refill_numbers.py",
    ),
    Guard(
        "refill: an order that cannot be told of a number given again keeps no call waiting",
        "    all_but_broken(\n"
        '        list(untold.order_by("pk")),\n'
        '        lambda other: _tell(other, number, order, "", now),\n'
        '        what="orders of a number given twice",\n'
        "        may_all_fail=True,\n"
        "    )\n",
        '    for other in untold.order_by("pk"):\n        _tell(other, number, order, "", now)\n',
        (f"{NUMBERS}::test_an_order_that_cannot_be_told_of_its_number_keeps_no_call_waiting",),
        "orders/aftersales/refill_numbers.py",
        items=(18, 24),
    ),
    Guard(
        "cancels: a late answer that cannot be written keeps no other of its call",
        "    for order in all_but_broken(orders, tell, what=what, may_all_fail=may_all_fail):\n",
        "    for order in orders:\n        tell(order)\n    for order in ():\n",
        (f"{REFUSED}::test_a_late_answer_that_cannot_be_told_keeps_no_other_of_its_call",),
        "orders/aftersales/cancel_sends.py",
        items=(18, 24),
    ),
    Guard(
        "requests: what was proven not sent is no doubt where its words cannot be written",
        "        return replace(outcome, reason=WHY_LATER_NOT_WRITTEN)\n",
        "        return NOT_WRITTEN\n",
        (
            f"{REFUSED}::test_a_cancel_that_was_not_sent_is_no_doubt_where_that_cannot_be_written",
            f"{REFUSED}::test_a_refill_that_was_not_sent_is_no_doubt_where_that_cannot_be_written",
        ),
        "orders/aftersales/batch_outcome.py",
        items=(18, 24),
    ),
    Guard(
        "refill: one of which nothing can be written is left alone and keeps no other waiting",
        "            leave_alone(WHAT, left[0].provider, [refill.pk for refill in left], now)\n",
        "            pass\n",
        (
            f"{UNWRITABLE}::test_a_refill_whose_row_takes_nothing_is_asked_about_less_often"
            "_and_told_of",
            f"{UNWRITABLE}::test_a_refill_whose_history_takes_nothing_keeps_no_other_waiting",
        ),
        "orders/aftersales/poll_refills.py",
        items=(14, 18),
    ),
    Guard(
        "refill: one that cannot even be lost from sight ends the turn of its account",
        "        leave_alone(WHAT, provider, lost, clock())",
        "        pass",
        (
            f"{UNWRITABLE}::test_one_whose_number_another_order_has_and_whose_row_takes_nothing"
            "_ends_the_turn",
        ),
        "orders/aftersales/poll_refills.py",
        items=(14, 18),
    ),
    Guard(
        "refill: one that takes nothing spoils no halving of its batch",
        "    if broken := in_halves(keys, change,",
        "    if broken := change(keys) or in_halves([], change,",
        (
            f"{UNWRITABLE}::test_a_batch_that_is_refused_whole_is_halved_around_a_row_that_takes"
            "_nothing",
        ),
        "orders/aftersales/poll_refills.py",
        items=(14, 18),
    ),
    Guard(
        "poll: an order that takes no turn spoils neither a halving nor a pause of the others",
        "in_halves(chunk, change, what",
        "change(chunk) or in_halves([], change, what",
        (
            f"{UNWRITABLE}::test_a_batch_of_orders_that_is_refused_whole_is_halved_around_one_that"
            "_takes_no_turn",
            f"{UNWRITABLE}::test_orders_of_an_account_that_refuses_all_are_put_off_beside_one_that"
            "_takes_no_turn",
        ),
        "orders/polling/poll_schedule.py",
        items=(14, 18),
    ),
    Guard(
        "poll: an order of which nothing can be written is left alone",
        "    if run.unwritten:\n",
        "    if False:\n",
        (
            f"{UNWRITABLE}::test_an_order_of_which_nothing_can_be_written_keeps_no_other_of_its"
            "_account_waiting",
        ),
        "orders/polling/poll_cycle.py",
        items=(14, 18),
    ),
)
