"""Many at once: mass orders and bulk actions."""

from __future__ import annotations

from tests.guards.guard import Guard

MEANT = "orders/tests/mass/test_meant_lines.py"
FOUND = "orders/tests/placing/test_found_since.py"
LEFT = "orders/tests/bulk/test_left_out.py"
OUT = "orders/tests/mass/test_left_out_lines.py"
PLACED = "orders/tests/restores/test_placed_again.py"

GUARDS = (
    Guard(
        "bulk: an order that was bought before something broke did not fail",
        "            item.made = bought_for(item).first()\n",
        "            pass\n",
        (
            "orders/tests/bulk/test_bulk_actions.py"
            "::test_one_that_breaks_after_its_order_was_bought_tells_of_that_order",
        ),
        "orders/bulk/bulk_action.py",
        items=(18,),
    ),
    Guard(
        "bulk: only its holder says that an order failed",
        "        if _keep(item.job):\n            _unclaimed(item, item.job).update(",
        "        if True:\n            BulkItem.objects.filter(pk=item.pk, ok=None).update(",
        (
            "orders/tests/bulk/test_bulk_action_races.py"
            "::test_a_worker_that_lost_its_job_says_of_no_order_that_it_failed",
        ),
        "orders/bulk/bulk_action.py",
        items=(4,),
    ),
    Guard(
        "bulk release: beside the same only from its own page",
        "now=now, shown_hold=waits_for, beside=(), told_sends=()",
        "now=now, shown_hold=waits_for",
        (
            "orders/tests/bulk/test_shown_holds.py"
            "::test_many_are_not_released_beside_the_same_without_a_word",
        ),
        "orders/bulk/apply_step.py",
        items=(5, 6),
    ),
    Guard(
        "bulk release: the confirmation leaves out what the step leaves out",
        "            if order.pk in beside:  # the step asks nobody",
        "            if False and order.pk in beside:  # the step asks nobody",
        (
            "orders/tests/bulk/test_shown_holds.py"
            "::test_the_confirmation_leaves_out_what_the_step_leaves_out_with_its_words",
        ),
        "orders/bulk/outlook.py",
        items=(5, 6),
    ),
    Guard(
        "bulk release: a line that was shown, to its end",
        "            words += (word_of_hold(kind, one) for one in behind)",
        "            pass",
        (
            "orders/tests/bulk/test_shown_holds.py"
            "::test_a_whole_line_is_released_behind_an_order_that_is_newer_than_all_of_it",
        ),
        "orders/bulk/shown_holds.py",
        items=(6,),
    ),
    Guard(
        "bulk release: only what was confirmed",
        '    if not is_shown(item.job.terms.get("shown_holds", {}), waits_for, order.pk):',
        "    if not order:",
        (
            "orders/tests/bulk/test_bulk_verbs.py::test_a_hold_that_nobody_confirmed_to_release_stays",
            "orders/tests/bulk/test_shown_holds.py"
            "::test_many_are_not_released_beside_an_order_that_was_never_shown",
        ),
        "orders/bulk/apply_step.py",
        items=(6,),
    ),
    Guard(
        "bulk: a restored database is asked anew which orders the numbers stand for",
        '        if values["shown_orders"] != _shown_orders(',
        '        if False and values["shown_orders"] != _shown_orders(',
        (
            "orders/tests/bulk/test_other_orders.py"
            "::test_numbers_that_stand_for_other_orders_by_now_are_asked_about_anew",
        ),
        "orders/bulk/confirm_views.py",
        items=(6, 23),
    ),
    Guard(
        "bulk release: each order only from what it was shown for",
        "        if order_id in behind:\n",
        "        if behind:\n",
        (
            "orders/tests/bulk/test_bulk_pages.py::test_an_order_is_not_released_from_what_another_one_was_confirmed_to_wait_for",
        ),
        "orders/bulk/shown_holds.py",
        items=(6,),
    ),
    Guard(
        "mass order: a line for what has no order here is left out until it is meant",
        "return [*named, *map(left_sends.why_asked, self.sends[:TOLD_OF])]",
        "return named",
        (f"{PLACED}::test_a_new_line_for_what_has_no_order_here_is_left_out_until_it_is_meant",),
        "orders/mass/check_lines.py",
        items=(5, 23),
    ),
    Guard(
        "mass: the same that anybody placed in the last day",
        "for asked in (buys_again(), lately.orders):",
        "for asked in (buys_again(),):",
        (
            "orders/tests/mass/test_repeated_lines.py::test_a_paste_with_one_line_less_does_not_buy_the_others_again",
        ),
        "orders/mass/line_context.py",
        items=(5,),
    ),
    Guard(
        "mass: an order that came after its line was meant",
        "if line.is_meant and not untold(names, line.told_of):",
        "if line.is_meant:",
        (
            f"{MEANT}::test_an_older_order_that_was_queued_again_since_was_not_shown",
            f"{MEANT}::test_nor_does_all_repeated_lines_are_meant_and_it_says_how_many_they_are",
            f"{MEANT}::test_what_the_lines_of_a_page_repeat_is_part_of_what_it_shows",
        ),
        "orders/mass/check_lines.py",
        items=(5,),
    ),
    Guard(
        "mass: an order that came with the insert of a line that is meant",
        "told_of=frozenset(same.order_names),",
        "told_of=None,",
        (f"{MEANT}::test_an_order_that_comes_with_the_insert_takes_the_consent_of_a_line_away",),
        "orders/mass/check_lines.py",
        items=(5,),
    ),
    Guard(
        "mass: what has no order here, found after its line was meant",
        "return [*map(left_sends.name_of, self.sends), *self.order_names]",
        "return self.order_names",
        (
            "orders/tests/restores/test_lines_beside_sends.py::test_a_line_that_is_meant_is_asked_about_what_is_found_later_and_has_no_order_here",
            "orders/tests/restores/test_lines_beside_sends.py::test_all_repeated_lines_are_meant_speaks_of_what_had_been_found_by_then",
        ),
        "orders/mass/check_lines.py",
        items=(5, 23),
    ),
    Guard(
        "mass: what has no order here, found with the insert of a line",
        "told_sends=left_sends.names_of(same.sends),",
        "told_sends=None,",
        (
            "orders/tests/restores/test_lines_beside_sends.py::test_what_is_found_while_a_line_that_is_meant_is_placed_is_asked_about",
        ),
        "orders/mass/check_lines.py",
        items=(5, 23),
    ),
    Guard(
        "mass: a line corrected to what another is meant to buy",
        "if (claim := self.claimed.get(place)) or line.is_meant:",
        "if (claim := self.claimed.get(place)) or line:",
        (
            "orders/tests/mass/test_corrected_lines.py::test_a_line_that_is_corrected_to_what_another_is_meant_to_buy_is_asked_about_it",
        ),
        "orders/mass/line_context.py",
        items=(5,),
    ),
    Guard(
        "mass: another line than the one that a line is meant beside",
        "names = [*([claim.name] if claim else []), *same.names]",
        "names = same.names",
        (
            "orders/tests/mass/test_corrected_lines.py::test_a_line_that_is_corrected_to_what_another_is_meant_to_buy_is_asked_about_it",
        ),
        "orders/mass/check_lines.py",
        items=(5,),
    ),
    Guard(
        "mass: a line that is meant and changed in one form",
        "is_repeated(line) and is_same and was_told",
        "is_repeated(line) and was_told",
        (
            f"{MEANT}::test_a_line_that_is_meant_and_changed_in_one_form_is_asked_about_what_it_became",
        ),
        "orders/mass/forms.py",
        items=(5, 6),
    ),
    Guard(
        "mass: a tick on a page drawn before another order came",
        "is_repeated(line) and is_same and was_told",
        "is_repeated(line) and is_same",
        (f"{MEANT}::test_a_tick_on_a_page_drawn_before_another_order_came_says_nothing_of_it",),
        "orders/mass/forms.py",
        items=(5, 6),
    ),
    Guard(
        "mass: the same lines bought again after the page was drawn",
        "hashlib.sha256(repr(self.earlier and self.earlier.pk).encode())",
        "hashlib.sha256()",
        (f"{MEANT}::test_order_them_again_speaks_of_the_mass_order_that_was_shown",),
        "orders/mass/mass_order.py",
        items=(5, 6),
    ),
    Guard(
        "mass: all repeated lines are meant takes a tick",
        'if meant and "all_meant" not in request.POST:',
        "if False:",
        (f"{MEANT}::test_all_repeated_lines_are_meant_tells_their_sum_and_takes_a_tick",),
        "orders/mass/batch_views.py",
        items=(5,),
    ),
    Guard(
        "mass: all repeated lines are meant at the sum that was shown",
        "sorted(line.cells.items()), line.told_of, cost)",
        "sorted(line.cells.items()), line.told_of)",
        (f"{MEANT}::test_all_repeated_lines_are_meant_tells_their_sum_and_takes_a_tick",),
        "orders/mass/forms.py",
        items=(5, 20),
    ),
    Guard(
        "mass: the button for all repeated lines, after one is fixed in place",
        "_with_fixed(asked, line) if is_as_drawn else None",
        "_with_fixed(asked, line)",
        (
            f"{MEANT}::test_but_not_where_somebody_else_changed_another_line_that_the_page_still_shows",
        ),
        "orders/mass/batch_views.py",
        items=(5,),
    ),
    Guard(
        "bulk: what was found without an order since the confirmation",
        "told_of=told_of, told_sends=shown_sends(job))",
        "told_of=told_of)",
        (
            "orders/tests/bulk/test_bounded_consent.py::test_what_has_no_order_since_a_restore_is_asked_about_and_nothing_that_is_found_later",
        ),
        "orders/bulk/apply_step.py",
        items=(5,),
    ),
    Guard(
        "bulk: what another action has ordered again",
        "if earlier is None or not is_lately(",
        "if earlier is None or is_lately(",
        (
            "orders/tests/bulk/test_ordered_again.py::test_what_another_action_has_ordered_again_is_left_out_unless_it_is_meant",
        ),
        "orders/bulk/ordered_again.py",
        items=(5,),
    ),
    Guard(
        "bulk: what another action orders again between the question and the insert",
        "    if words:\n        raise NotAgreed(words)",
        "    if words and not item:\n        raise NotAgreed(words)",
        (
            "orders/tests/bulk/test_ordered_again.py::test_what_another_action_buys_between_the_question_and_the_insert_is_asked_about",
        ),
        "orders/bulk/ordered_again.py",
        items=(5,),
    ),
    Guard(
        "bulk: a second time is meant beside what was shown",
        "not in bought and not shown.tells_of(order.pk, order.status):",
        "not in bought and not order.pk:",
        (
            "orders/tests/bulk/test_bounded_consent.py::test_of_two_tabs_that_were_ticked_the_second_buys_nothing_the_first_has_bought",
            "orders/tests/bulk/test_bounded_consent.py::test_a_lower_number_that_was_committed_after_the_page_was_drawn_was_not_shown",
        ),
        "orders/bulk/ordered_again.py",
        items=(5,),
    ),
    Guard(
        "bulk: how the orders were told to stand beside which a second time is meant",
        "return number in self.numbers and (number in self.by_word) == (status in BY_WORD)",
        "return number in self.numbers",
        (f"{FOUND}::test_nor_does_order_again_for_many[found-of now]",),
        "orders/bulk/shown_beside.py",
        items=(5,),
    ),
    Guard(
        "bulk: a job that does not say how the orders stood",
        "return ShownBeside(shown, _numbers(by_word) if is_told else shown)",
        "return ShownBeside(shown, _numbers(by_word))",
        (f"{FOUND}::test_nor_does_order_again_for_many[found-of before the upgrade]",),
        "orders/bulk/shown_beside.py",
        items=(5,),
    ),
    Guard(
        "bulk: a page that does not say how the orders stood",
        "is_told = told is not None and shown_beside.says_how_they_stand(told)",
        "is_told = told is not None",
        (f"{FOUND}::test_a_page_for_many_that_said_nothing_of_how_they_stand_asks_anew",),
        "orders/bulk/about_forms.py",
        items=(5,),
    ),
    Guard(
        "bulk: the same at the other row of the account",
        "return provider.upstream or provider.pk, order.service.external_id",
        "return provider.pk, order.service.external_id",
        (
            "orders/tests/bulk/test_ordered_again.py::test_the_same_at_the_other_row_of_the_account_is_shown_and_can_be_meant",
        ),
        "orders/models/order_queries.py",
        items=(5,),
    ),
    Guard(
        "bulk: what was just ordered again takes a tick tied to it",
        "        if not _is_meant_once_more(form",
        "        if False and not _is_meant_once_more(form",
        (
            "orders/tests/bulk/test_once_more.py::test_after_back_the_same_button_buys_nothing_a_third_time_without_a_tick",
            "orders/tests/bulk/test_once_more.py::test_a_tick_speaks_of_what_was_bought_as_it_was_drawn_and_of_nothing_later",
        ),
        "orders/bulk/confirm_views.py",
        items=(5,),
    ),
    Guard(
        "bulk: such a tick speaks of nothing that was bought later",
        "not self or self.named[0].pk <= self._number_of(ticked)",
        "not self or bool(self._number_of(ticked))",
        (
            "orders/tests/bulk/test_once_more.py::test_a_tick_speaks_of_what_was_bought_as_it_was_drawn_and_of_nothing_later",
        ),
        "orders/bulk/once_more.py",
        items=(5,),
    ),
    Guard(
        "bulk: only what its confirmation named is left out as announced",
        "    left = sum(order_id in told for order_id in failed)",
        "    left = len(failed)",
        (
            "orders/tests/bulk/test_what_is_told.py"
            "::test_what_was_announced_as_left_out_is_no_failure",
        ),
        "orders/bulk/bulk_action.py",
        items=(6,),
    ),
    Guard(
        "bulk: what is left out unless meant is announced only where it is not meant",
        '        beside = [] if values.get("beside_open") else values["left_unless_meant"]',
        '        beside = values["left_unless_meant"][:0]',
        (
            "orders/tests/bulk/test_what_is_told.py"
            "::test_what_is_left_out_unless_it_is_meant_is_announced_where_it_is_not",
        ),
        "orders/bulk/about_forms.py",
        items=(6,),
    ),
    Guard(
        "bulk: what its confirmation left out stays left out once it has become possible",
        "        if _is_left_out(item):\n",
        "        if not item:\n",
        (
            f"{LEFT}::test_a_refill_is_asked_for_none_that_its_page_left_out",
            f"{LEFT}::test_a_cancel_is_asked_for_none_that_its_page_left_out",
            f"{LEFT}::test_each_kind_leaves_what_it_left_out_as_it_is",
        ),
        "orders/bulk/apply_step.py",
        items=(6, 20),
    ),
    Guard(
        "bulk: nothing is ordered again that its confirmation left out",
        "            or left_out\n",
        "",
        (
            f"{LEFT}::test_what_is_bought_only_where_it_is_meant_is_not_bought_without_the_tick",
            f"{LEFT}::test_a_service_that_comes_back_is_not_bought_where_its_page_left_it_out",
        ),
        "orders/bulk/apply_step.py",
        items=(5, 6, 20),
    ),
    Guard(
        "bulk: a form that lost whom it leaves out is asked about anew",
        "    return _digest([*_form_keys(told), *left])",
        "    return _digest(_form_keys(told))",
        (f"{LEFT}::test_a_page_that_lost_what_it_left_out_is_looked_at_once_more",),
        "orders/bulk/confirm_views.py",
        items=(6,),
    ),
    Guard(
        "bulk: another refill is asked for after those only that the confirmation knew",
        "    if not _is_refill_as_shown(item):",
        "    if False and not _is_refill_as_shown(item):",
        (
            "orders/tests/bulk/test_shown_refills.py"
            "::test_two_tabs_ask_for_one_refill_although_the_first_has_ended",
        ),
        "orders/bulk/apply_step.py",
        items=(6,),
    ),
    Guard(
        "mass order: a line that was left out",
        "    if line.is_left_out:\n        return _refuse(line, [])\n",
        "",
        (
            f"{OUT}::test_a_good_line_that_is_left_out_is_not_bought_also_when_all_are_checked_again",
        ),
        "orders/mass/check_lines.py",
        items=(4,),
    ),
    Guard(
        "mass order: a line that was left out while others are checked",
        "line.told_of, line.is_left_out) for line in lines",
        "line.told_of, False) for line in lines",
        (f"{OUT}::test_who_checks_all_again_takes_in_nothing_that_was_left_out_meanwhile",),
        "orders/mass/mass_order.py",
        items=(4,),
    ),
    Guard(
        "mass order: its warnings are part of what was shown",
        '"is_meant", "told_of", "warnings")',
        '"is_meant", "told_of")',
        (f"{OUT}::test_a_warning_that_came_after_the_page_was_drawn_is_seen_before_it_is_placed",),
        "orders/mass/mass_order.py",
        items=(20,),
    ),
    Guard(
        "mass orders: the lines that the page has shown, one's own apart",
        'is_as_shown = request.POST.get("shown") == good.digest',
        "is_as_shown = True",
        (
            "orders/tests/mass/test_shown_lines.py"
            "::test_a_line_that_somebody_else_corrected_is_not_placed_by_whom_it_was_not_shown",
        ),
        "orders/mass/batch_views.py",
        items=(6,),
    ),
    Guard(
        "in part: a bulk action that left orders is not shown as done",
        "return bool(self.state == JobState.DONE and self.not_done and self.done)",
        "return False",
        (
            "orders/tests/bulk/test_bulk_pages.py"
            "::test_what_was_done_for_some_orders_alone_names_the_others",
        ),
        "orders/models/job.py",
    ),
    Guard(
        "in part: an account that was not asked to the end is not shown as asked",
        "self.done, self.cut_short, self.words = True, True, words",
        "self.done, self.cut_short, self.words = True, False, words",
        (
            "orders/tests/restores/test_comparing.py"
            "::test_a_bell_goes_on_with_a_run_and_one_for_a_run_that_ended_does_nothing",
        ),
        "orders/restores/compare_accounts.py",
    ),
    Guard(
        "in part: a mass order with lines left is not shown as placed",
        "return self.state == BatchState.PLACED and bool(self.wrong or self.good)",
        "return False",
        (
            "orders/tests/mass/test_placed_in_part.py"
            "::test_what_was_placed_in_part_names_the_lines_that_were_not",
        ),
        "orders/models/batch.py",
    ),
    Guard(
        "mass order: its holder holds it with each line that is placed",
        "        before=lambda: _stand_by(batch, now),\n",
        "        before=lambda: None,\n",
        (
            "orders/tests/bulk/test_consent_races.py"
            "::test_nothing_of_a_batch_is_placed_after_it_was_withdrawn",
        ),
        "orders/mass/place_lines.py",
        items=(4,),
    ),
    Guard(
        "bulk: exactly the orders that were shown",
        '        values["chosen"],\n        form_key=',
        "        [order.pk for order in selection.orders()],\n        form_key=",
        ("orders/tests/bulk/test_bulk_pages.py::test_exactly_the_orders_that_were_shown_are_done",),
        "orders/bulk/confirm_views.py",
        items=(6,),
    ),
)
