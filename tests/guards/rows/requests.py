"""Refills and cancels, also of a database that was put back."""

from __future__ import annotations

from tests.guards.guard import Guard

CANCELS = "orders/tests/restores/test_recalled_cancels.py"
CLOCKS = "orders/tests/restores/test_gaps_and_clocks.py"
GIVEN_UP = "orders/tests/aftersales/test_give_up_races.py"
IN_HANDS = "orders/tests/restores/test_cancels_in_hands.py"
GAPS = "orders/tests/restores/test_journal_gaps.py"
LATE_CANCELS = "orders/tests/aftersales/test_late_cancels.py"
LOCKS = "orders/tests/restores/test_lock_order.py"
LOOKS = "orders/tests/sending/test_clock_ahead.py"
MANY = "orders/tests/restores/test_many_over_a_gap.py"
SHOWN_CANCELS = "orders/tests/bulk/test_shown_cancels.py"
PUT_BACK = "orders/tests/restores/test_put_back_twice.py"

GUARDS = (
    Guard(
        "restored: another worker's whole call is no failure",
        "        raise_unless_broken(error, *FASTER)\n",
        "        raise\n",
        (
            "orders/tests/restores/test_recall_races.py::test_one_of_eight_brings_the_call_in_and_the_others_fail_at_nothing",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, a mass order of before",
        '        | Q(batches_through__gte=OuterRef("batch"))\n',
        "",
        (f"{MANY}::test_what_a_mass_order_of_before_places_afterwards_is_held",),
        "orders/models/order_queries.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, an action of before",
        '        | Exists(again.filter(job__lte=OuterRef("jobs_through")))\n',
        "",
        (f"{MANY}::test_what_order_again_for_many_placed_in_the_moment_of_the_gap_is_held",),
        "orders/models/order_queries.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, a mass order under way",
        " or _may_be_bought(batch):",
        ":",
        (f"{MANY}::test_a_mass_order_that_was_under_way_goes_on_when_a_person_says_so",),
        "orders/mass/place_lines.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, refills under way",
        "SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.CANCEL, JobKind.RELEASE)\n",
        "SENDS = (JobKind.REORDER, JobKind.CANCEL, JobKind.RELEASE)\n",
        (f"{MANY}::test_refills_and_cancels_of_many_that_were_under_way_stop",),
        "orders/bulk/bulk_action.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, cancels under way",
        "SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.CANCEL, JobKind.RELEASE)\n",
        "SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.RELEASE)\n",
        (f"{MANY}::test_refills_and_cancels_of_many_that_were_under_way_stop",),
        "orders/bulk/bulk_action.py",
        items=(23,),
    ),
    Guard(
        "restored: cancels of many under way, what the journal knows as sent",
        '("" if _is_cancel_as_shown(item) else CANCELED_SINCE)',
        '""',
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_cancels_of_many_under_way_leave_out_what_the_journal_knows_as_sent",
            f"{SHOWN_CANCELS}::test_two_tabs_ask_for_one_cancel_although_the_first_has_ended",
        ),
        "orders/bulk/apply_step.py",
        items=(6, 23),
    ),
    Guard(
        "cancel: none for many with a confirmation that does not say what it has shown",
        '        if "shown_cancels" not in self.data:',
        "        if False:",
        (
            f"{SHOWN_CANCELS}"
            "::test_a_confirmation_of_the_release_before_is_asked_to_be_looked_at_once_more",
        ),
        "orders/bulk/about_forms.py",
        items=(6,),
    ),
    Guard(
        "refill: none for many with a confirmation that does not say what it has shown",
        '        if "shown_refill_lines" not in self.data:',
        "        if False:",
        (
            "orders/tests/bulk/test_shown_refills.py"
            "::test_a_confirmation_of_the_release_before_is_asked_to_be_looked_at_once_more",
        ),
        "orders/bulk/about_forms.py",
        items=(6,),
    ),
    Guard(
        "cancel: another one only after those that the page has shown",
        '        if request.POST.get("shown") != shown.of_newest_cancel(order):',
        "        if False:",
        (
            "orders/tests/aftersales/test_old_buttons.py"
            "::test_a_cancel_that_has_ended_since_is_not_asked_for_again_from_the_page_of_before_it",
            "orders/tests/restores/test_old_request_buttons.py"
            "::test_a_page_of_before_a_late_machine_told_of_its_cancel_does_not_send_another",
        ),
        "orders/aftersales/views.py",
        items=(6, 23),
    ),
    Guard(
        "restored: many over a gap, a release under way",
        "SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.CANCEL, JobKind.RELEASE)\n",
        "SENDS = (JobKind.REORDER, JobKind.REFILL, JobKind.CANCEL)\n",
        (f"{MANY}::test_a_release_of_many_that_was_under_way_stops",),
        "orders/bulk/bulk_action.py",
        items=(20, 23),
    ),
    Guard(
        "restored: many over a gap, one that is found among them, releases",
        "                if may_be_bought(job):  # the gap was found a moment ago\n",
        "                if False:\n",
        (f"{MANY}::test_a_release_of_many_stops_where_the_gap_is_found_among_them",),
        "orders/bulk/bulk_action.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, one that is found among them, orders",
        "    if not _keep(item.job) or may_be_bought(item.job):\n",
        "    if not _keep(item.job):\n",
        (f"{MANY}::test_many_stop_where_the_gap_is_found_among_them",),
        "orders/bulk/bulk_action.py",
        items=(23,),
    ),
    Guard(
        "restored: many over a gap, refills asked for in its moment",
        'Q(pk__lte=through["refills"]) | Exists(for_many)',
        'Q(pk__lte=through["refills"])',
        (f"{MANY}::test_what_refills_of_many_asked_for_in_the_moment_of_the_gap_is_in_doubt",),
        "orders/limits/doubtful_rows.py",
        items=(23,),
    ),
    Guard(
        "restored: released over no newer gap than was shown",
        "        return word_of_hold(order.hold_reason, gaps_of([order]).get(order.pk))\n",
        "        return order.hold_reason\n",
        (f"{MANY}::test_nothing_is_released_over_a_newer_gap_than_was_shown",),
        "orders/shown.py",
        items=(20, 23),
    ),
    Guard(
        "restored: many over a gap, an action under way",
        " or may_be_bought(job)):",
        "):",
        (f"{MANY}::test_order_again_for_many_that_was_under_way_stops",),
        "orders/bulk/bulk_action.py",
        items=(23,),
    ),
    Guard(
        "restored: put back twice, the refills",
        "_unknown(request_journal.calls_kept(provider_id))",
        "_unknown(request_journal.calls_since_accepted(provider_id))",
        (f"{PUT_BACK}::test_a_refill_that_was_given_back_once_is_given_back_again",),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restored: a request that may have been sent ends with its claim",
        "doubtful_rows.give_up_due(provider.pk, due, now=now)",
        "due",
        (
            f"{GAPS}::test_a_request_that_comes_back_to_the_queue_afterwards_is_given_up_with_its_claim",
        ),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "restored: a call that another machine gave back is no sign of those before the first",
        "_calls(account).filter(recalled_at=None)",
        "_calls(account)",
        (
            "orders/tests/restores/test_journal_gaps.py"
            "::test_a_call_that_another_machine_gave_back_is_no_sign_of_calls_before_the_first",
        ),
        "orders/sending/restore_check/journal_gaps.py",
        items=(23,),
    ),
    Guard(
        "restored: a call that a journal gave back is marked",
        "                recalled_at=now,\n",
        "",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_refill_that_somebody_asked_for_since_stands_for_the_one_that_is_lost",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restored: a claim made at once with another one is no restored database",
        "if last_given(type(row)) >= known.attempt:",
        "if False:",
        (
            "orders/tests/sending/test_restore_guard.py"
            "::test_of_two_claims_at_once_the_slower_one_is_not_sent_and_stops_nobody",
            "orders/tests/sending/test_restore_guard.py"
            "::test_of_two_calls_at_once_the_slower_one_is_not_made_and_stops_nobody",
        ),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restored: numbers that went back are noticed although the marked row is there",
        "if last_given(type(row)) >= known.attempt:",
        "if True:",
        (
            "orders/tests/sending/test_restore_guard.py"
            "::test_numbers_that_went_back_are_noticed_although_the_marked_row_is_there",
        ),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restored: a clock set back between two claims is no restored database",
        "if age < -clocks.CLOCKS_AGREE_SECONDS:",
        "if False:",
        (
            "orders/tests/sending/test_restore_guard.py"
            "::test_a_clock_that_is_set_back_between_two_claims_stops_nobody",
        ),
        "orders/sending/restore_check/guard.py",
        items=(23,),
    ),
    Guard(
        "restored: a call that cannot be brought in stops its acceptance",
        '        raise_unless_broken(error, *FASTER)\n        log.info("call %s was taken back',
        '        log.info("call %s was taken back',
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_database_is_not_accepted_while_one_call_cannot_be_brought_in",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel in a worker's hands beside one that was sent",
        "status__in=(CancelStatus.QUEUED, CancelStatus.SENDING)",
        "status=CancelStatus.QUEUED",
        (f"{CANCELS}::test_one_whose_own_claim_finds_out_is_not_sent_beside_the_first",),
        "orders/models/cancel.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel from before the one that was sent",
        "of_order.exclude(requested_at=name.requested_at)",
        "of_order.filter(requested_at__gt=name.requested_at)",
        (
            f"{CANCELS}::test_an_older_one_that_was_taken_back_in_the_other_life_is_not_sent_beside",
            f"{CANCELS}::test_one_asked_for_while_the_clock_of_the_first_was_ahead_is_not_sent_beside",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel beside one that stands here as well",
        "    if is_perhaps_open:\n",
        "    if is_perhaps_open and not mine.exists():\n",
        (
            f"{CANCELS}::test_one_asked_for_since_is_given_up_also_where_the_first_is_known_as_sent",
            f"{CANCELS}::test_one_that_staff_take_back_before_the_journal_is_read_is_given_back_its_send",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel asked for after one that was refused",
        "    if is_perhaps_open:\n",
        "    if call:\n",
        (f"{CANCELS}::test_one_asked_for_since_is_sent_where_the_first_was_refused",),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel that was sent and taken back",
        "        which |= NEVER_SENT if is_perhaps_open else Q()\n",
        "",
        (
            f"{CANCELS}::test_one_that_staff_take_back_before_the_journal_is_read_is_given_back_its_send",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel that was refused and taken back",
        "which |= NEVER_SENT if is_perhaps_open else Q()",
        "which |= NEVER_SENT",
        (f"{CANCELS}::test_one_that_was_refused_and_taken_back_since_stays_taken_back",),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "cancels: a late answer to one that was given up",
        "return row_outcome.proven and _take_late(mine, request, row_outcome, now)",
        "return False",
        (f"{LATE_CANCELS}::test_it_is_taken_when_that_is_heard_after_all",),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "cancels: the answer to an earlier try",
        "        poll_soon(tell_late(call, outcome, now), now)\n",
        "        pass\n",
        (f"{LATE_CANCELS}::test_the_answer_to_an_earlier_try_is_told_once",),
        "orders/sending/restore_check/recalled_requests.py",
        items=(24,),
    ),
    Guard(
        "restored: what was said to a cancel that has no row",
        "        poll_soon(tell_late(call, outcome, now), now)\n",
        "        pass\n",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_what_the_provider_said_to_a_cancel_without_a_row_is_told_once",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(24,),
    ),
    Guard(
        "restore: two calls about one refill are given back together",
        "request_journal.about_the_same(unknown)",
        "[[then] for then in unknown]",
        (
            "orders/tests/restores/test_second_calls.py"
            "::test_two_calls_about_one_refill_are_given_back_together_or_not_at_all",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    *(
        Guard(
            f"claim: {what}",
            old,
            new,
            (
                "orders/tests/aftersales/test_unclaimable.py"
                "::test_one_that_cannot_be_claimed_keeps_no_other_from_being_sent",
            ),
            "orders/aftersales/take_rows.py",
        )
        for what, old, new in (
            (
                "a refill or cancel that the database refuses keeps no other",
                "    broken = in_halves(rows, take_some, what=WHAT, most=len(rows))",
                "    broken = in_halves(rows, take_some, what=WHAT, most=0)",
            ),
            (
                "one that the database refuses makes way where each is sent alone",
                "    if not left:\n",
                "    if True:\n",
            ),
            (
                "what was undone is claimed as it was read",
                "mine = copy(row)",
                "mine = row",
            ),
        )
    ),
    *(
        Guard(
            f"restore: {what} in the order of its lines, whatever a clock says",
            old,
            new,
            (
                "orders/tests/restores/test_second_calls.py"
                "::test_a_clock_set_back_between_two_calls_makes_the_second_no_first_one",
            ),
            "orders/sending/restore_check/request_journal.py",
            items=(23,),
        )
        for what, old, new in (
            (
                "a journal of requests is read",
                "    return list(calls.values())  # by",
                "    return sorted(calls.values(), key=lambda one: one.started_at)  # by",
            ),
            (
                "what is given back together is given back",
                "key=lambda call: turns[call.idempotency_key])",
                "key=lambda call: call.started_at)",
            ),
        )
    ),
    *(
        Guard(
            f"restore: a journal tells that a refill was in doubt when it was sent: {what}",
            old,
            new,
            (
                "orders/tests/restores/test_second_calls.py::test_one_that_was_in_doubt_when_it_was"
                "_sent_is_so_though_the_first_machine_never_comes",
            ),
            path,
            items=(23,),
        )
        for what, old, new, path in (
            (
                "written",
                "isinstance(row, Refill) and row.doubted_at is not None",
                "False",
                "orders/aftersales/take_rows.py",
            ),
            (
                "given back",
                "as_sent(call, now), Value(int(name.in_doubt))",
                "as_sent(call, now), Value(0)",
                "orders/sending/restore_check/recalled_requests.py",
            ),
        )
    ),
    Guard(
        "restore: one that was refused is in doubt once an earlier call is known",
        "    refused = is_perhaps_open and was_refused_for(mine, begun=begun)",
        "    refused = False",
        (
            "orders/tests/restores/test_second_calls.py"
            "::test_one_that_was_sent_and_refused_to_another_machine_since_is_not_refused",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: a refill in doubt takes the call that came after",
        "        return is_perhaps_open and _take_sent_again(mine, sent, begun=begun)",
        "        return False",
        (
            "orders/tests/restores/test_second_calls.py"
            "::test_one_that_was_in_doubt_is_given_back_its_second_call",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: a refill in doubt takes what an earlier call has begun",
        "    take_begun(call, outcome, now=now)\n",
        "",
        (
            "orders/tests/restores/test_begun_refills.py"
            "::test_a_refill_in_doubt_takes_what_an_earlier_call_has_begun",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: a refill asked for since the first was closed takes what the first has begun",
        "mine.exclude(Q(status=RefillStatus.WITHDRAWN) & Exists(since))",
        "mine",
        (
            "orders/tests/restores/test_begun_refills.py"
            "::test_a_refill_asked_for_since_the_first_was_closed_takes_the_late_answer",
        ),
        "orders/sending/restore_check/begun_refills.py",
        items=(23,),
    ),
    Guard(
        "refill: the number of an earlier refill of the order is not the late answer's own",
        "Refill.objects.filter(order=order, external_id=number, call=call)",
        "Refill.objects.filter(order=order, external_id=number)",
        (
            "orders/tests/restores/test_begun_refills.py"
            "::test_nothing_is_sent_beside_one_begun_with_the_number_of_an_earlier_refill",
        ),
        "orders/sending/restore_check/begun_refills.py",
        items=(23,),
    ),
    Guard(
        "refill: a worker's own late answer ends the doubt about a later call",
        "begun = check.take_begun(claimed.call, outcome, now=now)",
        "begun = set[str]()",
        (
            "orders/tests/restores/test_begun_refills.py"
            "::test_a_worker_that_slept_with_the_answer_ends_the_doubt_about_a_later_call",
        ),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "refill: of many, not what the confirmation left out as under way",
        "        if kind == EventKind.REFILL:",
        "        if False:",
        (
            "orders/tests/bulk/test_shown_refills.py"
            "::test_what_the_confirmation_left_out_is_left_out_whatever_became_of_it",
        ),
        "orders/bulk/shown_history.py",
        items=(6, 20),
    ),
    Guard(
        "refill: taken back or closed only where the page has shown it",
        "    if seen != now_shown:  # what is taken back as waiting is not closed in doubt",
        "    if False:",
        (
            "orders/tests/aftersales/test_old_buttons.py"
            "::test_withdraw_of_a_waiting_refill_does_not_close_one_in_doubt",
        ),
        "orders/aftersales/views.py",
        items=(6,),
    ),
    Guard(
        "restore: a refill asked for since is not sent beside one that may be open",
        "        if is_perhaps_open:  # it would be the second",
        "        if False:",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_refill_asked_for_since_is_not_sent_beside_one_that_may_be_open",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: a refill that was taken back since may have been sent all the same",
        "    if not refused and stands not in (None, RefillStatus.WITHDRAWN):",
        "    if not refused and stands is not None:",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_refill_that_was_taken_back_since_is_given_back_its_send",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: a call that the database has forgotten comes back before its requests are queued",
        "        check.bring_in(claimed.call, forgotten, now=now)\n",
        "",
        (
            "orders/tests/restores/test_calls_of_restored.py"
            "::test_a_refill_whose_claim_finds_it_out_is_given_back_in_the_same_step",
        ),
        "orders/aftersales/send_requests.py",
        items=(23,),
    ),
    Guard(
        "restore: one refill in a worker's hands keeps the database from being accepted",
        "    if not since.exclude(status__in=NOT_SENT_REFILLS).exists():",
        "    if False:",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_refill_claimed_while_its_database_is_accepted_is_not_sent_beside_another",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(23,),
    ),
    Guard(
        "refills: not closed once its number has arrived",
        "        if not mine.filter(**told).update(",
        "        if not mine.update(",
        (
            "orders/tests/aftersales/test_closed_refills.py"
            "::test_one_that_was_read_without_its_number_is_not_closed_with_it",
        ),
        "orders/aftersales/request_refills.py",
        items=(1,),
    ),
    Guard(
        "restored: many over a gap, a mass order by its row, whatever the clocks said",
        '        | Q(batches_through__gte=OuterRef("batch"))\n',
        '        | Q(found_at__gte=OuterRef("batch__created_at"))\n',
        (f"{CLOCKS}::test_what_a_mass_order_of_before_a_gap_places_is_held",),
        "orders/models/order_queries.py",
        items=(12, 23),
    ),
    Guard(
        "restored: many over a gap, a mass order under way by its row",
        "    if batch.known_gap is not None:\n",
        "    if not batch.pk:\n",
        (
            f"{CLOCKS}::test_a_mass_order_under_way_at_a_gap_stops",
            f"{CLOCKS}::test_a_mass_order_goes_on_where_the_clock_was_ahead_as_the_gap_was_found",
        ),
        "orders/limits/doubtful_rows.py",
        items=(12, 23),
    ),
    Guard(
        "restored: many over a gap, an action under way by its row",
        "    return Q(jobs_through__gte=job.pk) | by_time\n",
        "    return Q(found_at__gte=job.created_at) | by_time\n",
        (
            f"{CLOCKS}::test_order_again_of_many_under_way_at_a_gap_stops",
            f"{CLOCKS}::test_refills_of_many_under_way_at_a_gap_are_not_asked_for",
        ),
        "orders/limits/doubtful_rows.py",
        items=(12, 23),
    ),
    Guard(
        "restored: many over a gap, what an action places in its moment by its row",
        '        | Exists(again.filter(job__lte=OuterRef("jobs_through")))\n',
        "        | Exists(then)\n",
        (f"{CLOCKS}::test_what_order_again_places_in_the_moment_of_the_gap_is_not_sent",),
        "orders/models/order_queries.py",
        items=(12, 23),
    ),
    Guard(
        "restored: many over a gap that a release before this found, by its moment",
        "    by_time = Q(jobs_through=None, found_at__gte=job.created_at)\n",
        "    by_time = Q(pk=None)\n",
        (f"{CLOCKS}::test_a_gap_that_a_release_before_this_found_is_compared_by_its_moment",),
        "orders/limits/doubtful_rows.py",
        items=(12, 23),
    ),
    Guard(
        "cancel: a look from the future is none since it was sent",
        "        order__poll_schedule__looked_at__lte=clocks.furthest(now, 0),\n",
        "",
        (f"{LOOKS}::test_a_cancel_is_not_repeated_by_a_look_of_a_clock_that_was_ahead",),
        "orders/models/cancel.py",
        items=(12, 23),
    ),
    Guard(
        "cancel: a look of a clock that was ahead is forgotten",
        "    pulled = looks.update(looked_at=None, checked_at=None, next_at=now)",
        "    pulled = 0",
        (f"{LOOKS}::test_a_cancel_is_not_repeated_by_a_look_of_a_clock_that_was_ahead",),
        "orders/sending/clock_ahead.py",
        items=(12, 23),
    ),
    Guard(
        "cancel: what is given up is looked at again as it is written",
        "        pk__in=unreadable,\n        status=CancelStatus.QUEUED,\n"
        "        requests=request.requests,\n        due_at=request.due_at,\n",
        "        pk__in=unreadable,\n",
        (f"{GIVEN_UP}::test_an_answer_that_is_being_written_down_is_not_overwritten",),
        "orders/aftersales/runs.py",
        items=(1, 23),
        on_postgresql=True,
    ),
    Guard(
        "restored: a cancel in the hands of another call is left to its answer",
        "    if in_hands.exists() and not is_taken:\n",
        "    if False:\n",
        (
            f"{IN_HANDS}::test_what_a_call_under_way_is_answered_counts_although_an_earlier_one_comes_to_light",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel given up unsent is told to have been sent",
        "Q(status__in=(CancelStatus.ENDED, CancelStatus.REFUSED), requests=0)",
        "Q(status=CancelStatus.ENDED, requests=0)",
        (
            f"{IN_HANDS}::test_one_given_up_beside_another_is_told_to_have_been_sent_once_its_machine_comes_up",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "polling: as many broken answers as a batch has are put off",
        'what="answers", most=len(schedules)):',
        'what="answers"):',
        (
            "orders/tests/sending/test_poison_rows.py::test_many_answers_that_cannot_be_written_keep_no_other_of_their_batch_waiting",
        ),
        "orders/polling/poll_batch.py",
        items=(18,),
    ),
    Guard(
        "refill: a page knows how often the newest was sent",
        '    row = f"{refill.pk}.{refill.requests}" if refill else "none"\n',
        '    row = f"{refill.pk}" if refill else "none"\n',
        (
            "orders/tests/aftersales/test_old_buttons.py::test_a_refill_of_which_a_machine_told_since_that_it_was_sent_is_not_asked_for_again",
        ),
        "orders/shown.py",
        items=(23,),
    ),
    Guard(
        "cancels: what is said to one that a journal has taken over is told",
        "        asked += tell_late(call, outcome, now, requests)\n",
        "        pass\n",
        (
            f"{IN_HANDS}::test_what_a_call_is_answered_is_told_although_a_journal_has_taken_its_cancel_over",
        ),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "cancels: one that a journal has taken over is taken by the word of its own call",
        "                _end_doubt(lost_to_others.filter(order=order), said)\n",
        "                pass\n",
        (
            f"{IN_HANDS}::test_what_a_call_is_answered_is_told_although_a_journal_has_taken_its_cancel_over",
        ),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "cancels: one that a journal has taken over is not told as taken by other words",
        '        changes |= {"reason": taken.reason[:LONGEST_TEXT], "code": taken.code.value}\n',
        "        pass\n",
        (f"{IN_HANDS}::test_where_nothing_is_left_to_cancel_it_is_not_told_as_taken",),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "cancels: one that a journal has taken over is not opened beside one asked for since",
        "        raise_unless_broken(error, ONE_OPEN)\n",
        "        raise\n",
        (
            f"{IN_HANDS}::test_none_is_opened_beside_one_that_was_asked_for_since_the_journal_took_it",
        ),
        "orders/aftersales/cancel_sends.py",
        items=(24,),
    ),
    Guard(
        "restored: nothing says of a cancel that was sent that it was taken back before",
        'never_sent.filter(status=CancelStatus.ENDED).exclude(reason="").update(reason=WORDS)',
        "pass",
        (f"{CANCELS}::test_one_that_was_refused_and_taken_back_since_stays_taken_back",),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel that was refused is unclear once an earlier call is known",
        "    doubted = goes_on and _doubt_refusal(mine, is_taken=is_taken)",
        "    doubted = False",
        (
            "orders/tests/restores/test_cancels_in_hands.py"
            "::test_one_that_was_refused_to_another_machine_is_unclear_once_an_earlier_send_is_known",
            "orders/tests/restores/test_cancels_in_hands.py"
            "::test_one_that_was_taken_is_not_refused_by_what_another_machine_was_told",
        ),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: a cancel that ended with its order stays ended",
        "is_perhaps_open and order.status not in FINAL",
        "is_perhaps_open",
        (f"{CANCELS}::test_one_that_ended_with_its_order_stays_ended",),
        "orders/sending/restore_check/recalled_cancels.py",
        items=(23,),
    ),
    Guard(
        "restored: requests are held before the schedules of their orders",
        "    for asked in (Refill.objects.all(), CancelRequest.objects.all()):\n",
        "    for asked in ():\n",
        (f"{LOCKS}::test_a_cancel_is_taken_for_lost_while_a_journal_tells_of_it",),
        "orders/sending/restore_check/hold_orders.py",
        items=(23,),
        on_postgresql=True,
    ),
    Guard(
        "requests: a claim takes them in the order of their keys",
        'by_key = sorted(due, key=attrgetter("pk"))',
        "by_key = due",
        (f"{LOCKS}::test_requests_are_claimed_while_a_journal_tells_of_them",),
        "orders/aftersales/send_requests.py",
        items=(23,),
        on_postgresql=True,
    ),
    Guard(
        "cancel: an order that cannot be asked about sooner keeps no answer from another",
        '    in_halves(sorted(order_ids), pull, what="orders to be asked about soon"',
        "    in_halves([], pull, what=str(pull(sorted(order_ids)))",
        (
            "orders/tests/aftersales/test_unwritable_refills.py"
            "::test_a_schedule_that_cannot_be_written_keeps_no_cancel_of_the_call_from_its_answer",
        ),
        "orders/polling/poll_schedule.py",
        items=(18, 24),
    ),
    Guard(
        "refill: one in doubt when it was refused is in doubt, whatever became of its row",
        "        is_perhaps_open = True  # by the send before it, which may be known nowhere\n",
        "        pass\n",
        (
            "orders/tests/restores/test_second_calls.py"
            "::test_one_that_was_in_doubt_when_it_was_refused_stays_so_whatever_became_of_its_row",
        ),
        "orders/sending/restore_check/recalled_requests.py",
        items=(10, 23),
    ),
    Guard(
        "polling: those that take no turn are left alone",
        '                leave_alone("orders", provider, broken, now)\n',
        "                pass\n",
        (
            "orders/tests/aftersales/test_unwritable_refills.py"
            "::test_two_that_take_no_turn_keep_no_order_of_their_account_from_being_asked_about",
        ),
        "orders/polling/poll_schedule.py",
        items=(18,),
    ),
)
