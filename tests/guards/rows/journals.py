"""A database that was put back: what its journals tell, and who accepts it."""

from __future__ import annotations

from tests.guards.guard import Guard

BEHIND = "orders/tests/restores/test_backup_behind_a_stop.py"
CALLS = "orders/tests/restores/test_reused_calls.py"
GAPS = "orders/tests/restores/test_journal_gaps.py"
LISTED = "orders/tests/recovery/test_lists_and_given_back.py"
PUT_BACK = "orders/tests/restores/test_put_back_twice.py"
RESTORES = "orders/tests/sending/test_restore_guard.py"

GUARDS = (
    Guard(
        "restore: a database of which one journal could not be read was not compared",
        "    if unread:\n        return True\n",
        "",
        (
            "orders/tests/restores/test_unreadable_journals.py"
            "::test_a_database_counts_as_compared_only_where_each_journal_could_be_read",
        ),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restore: a database of which the replays could not be read was not compared",
        "    except Exception:\n        unread.append(account)\n        raise\n",
        "    except OSError:\n        raise\n",
        (
            "orders/tests/restores/test_unreadable_journals.py"
            "::test_a_database_counts_as_compared_only_where_each_journal_could_be_read",
        ),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restore: a directory that cannot be listed is not one without journals",
        "        unread.append(0)\n",
        "",
        (
            "orders/tests/restores/test_unreadable_journals.py"
            "::test_a_database_counts_as_compared_only_where_the_journals_could_be_listed",
        ),
        "orders/sending/restore_check/recall_all.py",
        items=(23,),
    ),
    Guard(
        "restore: a halt for what an accepted database lacks",
        "    if order is None and not listed.exists():",
        "    if False:",
        (
            "orders/tests/restores/test_recalled_sends.py"
            "::test_one_that_an_accepted_database_lacks_altogether_is_shown_to_a_person",
        ),
        "orders/sending/restore_check/list_unmatched.py",
        items=(23,),
    ),
    Guard(
        "restore: no acknowledgement of a clock that was ahead",
        "if accepted.filter(acknowledged_at__lte=at_most).exists():",
        "if accepted.exists():",
        (f"{RESTORES}::test_what_a_clock_ahead_has_acknowledged_accepts_no_later_restore",),
        "orders/sending/restore_check/guard.py",
        items=(12, 23),
    ),
    Guard(
        "restored: a gap between journal and database is told",
        "    if mark.is_of(row):\n        return None",
        "    if mark.is_of(row) or journal:\n        return None",
        (f"{GAPS}::test_what_neither_journal_nor_database_knows_is_not_sent_again",),
        "orders/sending/restore_check/journal_gaps.py",
        items=(23,),
    ),
    Guard(
        "restored: another gap behind a stop that stands is another one",
        "provider=account, kept_from=kept_from)",
        "provider=account)",
        (f"{BEHIND}::test_orders_from_behind_the_stop_are_not_bought_twice",),
        "orders/sending/restore_check/journal_gaps.py",
        items=(23,),
    ),
    Guard(
        "restored: a gap is the journal's, whatever its machine is called by now",
        "provider=account, kept_from=kept_from)",
        "provider=account, kept_from=kept_from, host=socket.gethostname())",
        (f"{GAPS}::test_a_container_made_anew_finds_no_gap_of_its_own",),
        "orders/sending/restore_check/journal_gaps.py",
        items=(23,),
    ),
    Guard(
        "restored: a dump that cannot be read is put in no place, and nothing is started",
        " < desk.dump &&\n",
        " < desk.dump\n",
        (
            "tests/test_docs_commands.py::"
            "test_a_restore_stops_the_workers_first_and_quarantines_before_they_start",
        ),
        "docs/production.md",
        items=(23,),
    ),
    Guard(
        "restored: a stop that came back with its database is one of now",
        "        put_back_again.renew_if_put_back(marks, now=now)\n",
        "        pass\n",
        (f"{BEHIND}::test_the_stop_in_the_backup_is_one_of_now",),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restored: what may have been sent is held with its claim",
        "    if doubtful_rows.may_have_been_sent(order):",
        "    if not order.pk:",
        (f"{GAPS}::test_a_claim_reads_the_gap_in_its_own_transaction",),
        "orders/limits/check_limits.py",
        items=(23,),
    ),
    Guard(
        "restored: put back twice, what the accepted one was missing",
        "    missing = list(_missing(account))\n",
        "    missing = list[Send]()\n",
        (f"{PUT_BACK}::test_a_kept_form_buys_nothing_after_the_second_time",),
        "orders/sending/restore_check/acceptance.py",
        items=(23,),
    ),
    Guard(
        "restored: put back twice, what was given back with its answer",
        "row.recalled_at is None",
        "row.code != 'recalled'",
        (
            f"{PUT_BACK}"
            "::test_an_order_that_was_given_back_once_with_its_answer_is_given_back_again",
        ),
        "orders/sending/restore_check/acceptance.py",
        items=(23,),
    ),
    Guard(
        "recovery: a send that was given back tells no order by its row",
        "        return self.filter(recalled_at=None)\n",
        "        return self\n",
        (
            "orders/tests/recovery/test_given_back_rows.py"
            "::test_it_is_no_neighbour_of_what_was_sent_before_its_row",
        ),
        "orders/models/attempt.py",
        items=(12, 23),
    ),
    Guard(
        "recovery: what was sent after one that was given back is not named before it",
        "    if attempt.recalled_at is not None:\n",
        "    if attempt.number < 0:\n",
        (
            "orders/tests/recovery/test_given_back_rows.py"
            "::test_what_was_sent_after_it_is_not_shown_as_sent_before_it",
        ),
        "orders/recovery/neighbours.py",
        items=(12, 23),
    ),
    Guard(
        "recovery: a send that was given back is no place in a provider's list",
        "external_id__in=ids, recalled_at=None\n",
        "external_id__in=ids\n",
        (f"{LISTED}::test_an_order_that_the_list_shows_late_is_not_shown_not_to_be_there",),
        "orders/recovery/search/list_trust.py",
        items=(12, 23),
    ),
    Guard(
        "restored: put back twice, the same identity",
        "        elif acceptance.is_forgotten(mark):",
        "        elif identity is None:",
        (f"{PUT_BACK}::test_a_kept_form_buys_nothing_after_the_second_time",),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "refill: a claim holds by the key of its call, and not by its number alone",
        "    mine = Refill.objects.filter(call=call, call__key=call.key)\n",
        "    mine = Refill.objects.filter(call=call)\n",
        (f"{CALLS}::test_what_another_worker_has_claimed_under_its_number_is_not_sent_by_it",),
        "orders/aftersales/refill_sends.py",
        items=(12, 23),
    ),
    Guard(
        "cancel: a claim holds by the key of its call, and not by its number alone",
        "    mine = CancelRequest.objects.filter(call=call, call__key=call.key)\n",
        "    mine = CancelRequest.objects.filter(call=call)\n",
        (f"{CALLS}::test_what_another_worker_has_claimed_under_its_number_is_not_sent_by_it",),
        "orders/aftersales/cancel_sends.py",
        items=(12, 23),
    ),
    Guard(
        "request: an answer is written to no rows of another call with the same number",
        "        return RequestCall.objects.filter(pk=self.pk, key=self.key)\n",
        "        return RequestCall.objects.filter(pk=self.pk)\n",
        (f"{CALLS}::test_an_answer_ends_nothing_that_another_call_has_asked",),
        "orders/models/request_call.py",
        items=(12, 23),
    ),
    Guard(
        "request: an answer finds its call under the number that it was given back with",
        "        if not check.take_in(_said(claimed.call, outcome), now=now):\n",
        "        if True:\n",
        (f"{CALLS}::test_an_answer_is_written_down_where_its_call_was_given_back_meanwhile",),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
)
