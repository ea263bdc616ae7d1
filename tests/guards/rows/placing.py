"""Placing, releasing and sending again: nobody buys a second time without a word."""

from __future__ import annotations

from tests.guards.guard import Guard

CLICKED = "orders/tests/placing/test_sent_twice.py"
CONSENT = "orders/tests/bulk/test_consent_races.py"
FOUND = "orders/tests/placing/test_found_since.py"
HOLDING = "orders/tests/placing/test_holding.py"
PLACED = "orders/tests/restores/test_placed_again.py"
TOLD = "orders/tests/placing/test_told_of.py"
ZONE = "orders/tests/placing/test_start_zone.py"

GUARDS = (
    Guard(
        "placing: a form that was placed is not asked about itself",
        "if earlier is not None and _is_same(form, earlier):",
        "if False:",
        (
            "orders/tests/placing/test_new_order_pages.py::test_a_form_that_was_placed_is_not_asked_about_itself",
        ),
        "orders/placing/views.py",
        items=(5,),
    ),
    Guard(
        "compare-and-set of every move",
        "mine = Order.objects.filter(pk=self.pk, status=before, hold_reason=self.hold_reason)",
        "mine = Order.objects.filter(pk=self.pk)",
        (
            "orders/tests/placing/test_placing.py::test_withdrawing_loses_the_race_against_sending_quietly",
            f"{HOLDING}::test_a_worker_that_read_it_before_it_was_held_sends_nothing",
            f"{HOLDING}::test_an_order_held_at_the_moment_of_its_claim_is_sent_once_or_held",
        ),
        "orders/models/order.py",
        items=(1,),
    ),
    Guard(
        "a move leaves what is held for another reason by now",
        "mine = Order.objects.filter(pk=self.pk, status=before, hold_reason=self.hold_reason)",
        "mine = Order.objects.filter(pk=self.pk, status=before)",
        (f"{HOLDING}::test_a_sweep_that_read_an_earlier_hold_does_not_undo_that_of_a_person",),
        "orders/models/order.py",
        items=(1,),
    ),
    Guard(
        "hold: only what no worker has taken",
        "    if why_not_held(order):",
        "    if not order:",
        (f"{HOLDING}::test_an_order_that_a_worker_has_taken_is_not_held",),
        "orders/placing/place_orders.py",
        items=(4,),
    ),
    Guard(
        "order page: a button acts on no order that was given the number since",
        "    return bool(of) and of != order.form_key.hex",
        "    return False",
        (
            "orders/tests/pages/test_other_orders.py"
            "::test_a_button_acts_on_no_order_that_was_given_its_number_since",
        ),
        "orders/shown.py",
        items=(6, 23),
    ),
    Guard(
        "withdraw: again after a sweep was faster",
        "    for _ in range(MOST_RACES):",
        "    for _ in range(1):",
        (
            "orders/tests/placing/test_placing.py::test_a_sweep_that_moves_it_meanwhile_does_not_let_it_be_sent",
        ),
        "orders/placing/place_orders.py",
        items=(4,),
    ),
    Guard(
        "withdraw: not what a person has moved since",
        "        if moved is not None and moved.actor_id is not None:",
        "        if moved is None:",
        (
            "orders/tests/placing/test_placing.py::test_what_a_person_did_meanwhile_is_not_withdrawn_unseen",
        ),
        "orders/placing/place_orders.py",
        items=(4,),
    ),
    Guard(
        "placing: what a form became is asked before it is refused",
        "return _placed_once(request, earlier) if earlier else _cannot(request, service, words)",
        "return _cannot(request, service, words)",
        (
            "orders/tests/placing/test_new_order_pages.py::test_a_form_sent_again_is_answered_also_where_its_service_is_ordered_no_more",
        ),
        "orders/placing/views.py",
        items=(32,),
    ),
    Guard(
        "placing: the same form a moment before it is refused",
        "return _already_placed(request, form, placed) if placed else _refuse(request, form)",
        "return _refuse(request, form)",
        (f"{CLICKED}::test_the_second_click_looked_for_its_order_a_moment_too_early",),
        "orders/placing/views.py",
        items=(5,),
    ),
    Guard(
        "placing: the same form while it is being placed",
        "    placed = _placed_meanwhile(request, form.service)\n",
        "    placed = _sent_before(request)\n",
        (f"{CLICKED}::test_the_second_click_is_refused_only_once_the_first_is_known",),
        "orders/placing/views.py",
        items=(5,),
    ),
    Guard(
        "placing: an open order nobody was told of",
        "    if draft.told_of is None:",
        "    if draft.told_of is None or draft:",
        (f"{CONSENT}::test_consent_covers_the_orders_that_were_shown_and_no_newer_one",),
        "orders/placing/place_orders.py",
        items=(5,),
    ),
    Guard(
        "placing: the same that ended a short while ago",
        "with_same_payload(draft.service, draft.link_key, units, lately)",
        "with_same_payload(draft.service, draft.link_key)",
        (
            "orders/tests/placing/test_repeats.py::test_an_order_that_was_placed_and_ended_in_between_is_told_with_the_insert",
        ),
        "orders/placing/place_orders.py",
        items=(5,),
    ),
    Guard(
        "placing: what a person marked as not placed",
        "BUYS_AGAIN = OPEN | {_S.GIVEN_UP} | BY_WORD",
        "BUYS_AGAIN = OPEN | {_S.GIVEN_UP}",
        (
            "orders/tests/placing/test_not_proven.py::test_the_form_asks_beside_it_and_points_to_send_again",
            "orders/tests/placing/test_not_proven.py::test_a_line_of_a_mass_order_is_left_out_until_it_is_meant",
            "orders/tests/placing/test_not_proven.py::test_order_again_for_many_leaves_it_out_until_it_is_meant",
            "orders/tests/placing/test_not_proven.py::test_it_is_asked_for_a_week_beside_one_that_was_withdrawn_after_that",
        ),
        "orders/status.py",
        items=(5,),
    ),
    Guard(
        "placing: what may have been sent before a restore and was withdrawn",
        "    perhaps = Q(Exists(by_hand)) | (Q(status=Status.WITHDRAWN) & perhaps_sent_in_gap())\n",
        "    perhaps = Q(Exists(by_hand))\n",
        (
            "orders/tests/placing/test_withdrawing.py::test_what_may_have_been_sent_is_asked_about_for_a_week_after_it_was_withdrawn",
        ),
        "orders/models/order_queries.py",
        items=(5, 23),
    ),
    Guard(
        "placing: what was refused by the word of a person",
        "ENDED_BY_WORD = frozenset({_S.WITHDRAWN, _S.REJECTED})",
        "ENDED_BY_WORD = frozenset({_S.WITHDRAWN})",
        (
            "orders/tests/placing/test_not_proven.py::test_it_is_asked_for_a_week_beside_one_that_was_refused_by_word",
            "orders/tests/placing/test_not_proven.py::test_the_form_says_so_beside_one_that_was_refused_by_word",
            "orders/tests/recovery/test_found_after_all.py::test_an_order_that_has_ended_by_word_offers_it_too",
        ),
        "orders/status.py",
        items=(5, 11),
    ),
    Guard(
        "placing: behind is said of the orders that were shown",
        "if self.same_payloads and not self.is_consented:",
        "if self.same_payloads and not self.is_consented and self.behind is None:",
        (
            "orders/tests/placing/test_order_form.py::test_behind_is_said_of_the_orders_that_were_shown_and_of_no_other",
        ),
        "orders/placing/order_form.py",
        items=(5,),
    ),
    Guard(
        "placing: the older ones among the orders that were shown",
        "            told_of=frozenset(self._asked),",
        "            told_of=None,",
        (f"{TOLD}::test_an_order_that_is_committed_with_a_lower_number_was_not_shown",),
        "orders/placing/order_form.py",
        items=(5,),
    ),
    Guard(
        "placing: the form was drawn with each of these orders",
        "return is_here and not untold(self._asked, told_of)",
        "return is_here",
        (
            f"{TOLD}::test_an_older_order_that_was_queued_again_since_was_not_shown",
            f"{TOLD}::test_a_number_that_stands_for_another_order_by_now_was_not_shown",
        ),
        "orders/placing/order_form.py",
        items=(5,),
    ),
    Guard(
        "placing: how the order was told to stand beside which it is meant",
        'stands = "" if not status else "n" if status in BY_WORD else "t"',
        'stands = "t" if status else ""',
        (
            f"{FOUND}::test_a_tick_beside_one_not_placed_does_not_buy_beside_it_once_it_is_there",
            f"{FOUND}::test_nor_what_was_agreed_to_a_moment_before_it_is_found",
            f"{FOUND}::test_nor_does_a_line_of_a_mass_order_that_was_meant_yesterday",
            f"{FOUND}::test_nor_does_send_again",
        ),
        "orders/repeats.py",
        items=(5,),
    ),
    Guard(
        "placing: what a page carries that said nothing of how the order stands",
        'stands = "" if not status else "n" if status in BY_WORD else "t"',
        'stands = "n" if status in BY_WORD else ""',
        (
            f"{FOUND}::test_nor_does_one_of_a_page_that_said_nothing_of_how_it_stands",
            f"{FOUND}::test_nor_does_a_line_that_was_meant_before_the_desk_was_upgraded",
        ),
        "orders/repeats.py",
        items=(5,),
    ),
    Guard(
        "placing: in which time zone the page showed a start",
        "if starts_at and shown != self.zone:",
        "if False:",
        (
            f"{ZONE}::test_a_start_typed_before_the_zone_was_changed_in_another_tab_is_no_other_moment",
            f"{ZONE}::test_a_page_that_named_no_zone_is_asked_once",
        ),
        "orders/placing/schedule_field.py",
        items=(6,),
    ),
    Guard(
        "placing: the moment that a form showed is the time zone of its page's",
        "self.typed_start = _in_zone(starts_at, shown) if starts_at else None",
        "self.typed_start = starts_at",
        (f"{ZONE}::test_a_form_that_was_sent_before_is_known_by_the_moment_that_it_showed",),
        "orders/placing/schedule_field.py",
        items=(5,),
    ),
    Guard(
        "released: behind which order it was shown to wait",
        "    ahead = ahead_of(order) if order.hold_reason == HoldReason.LINK_BUSY else None",
        "    ahead = None",
        (
            "orders/tests/pages/test_stale_tabs.py::test_a_release_from_before_another_order_came_first_on_the_link_is_not_taken",
        ),
        "orders/shown.py",
        items=(6,),
    ),
    Guard(
        "placing: what was bought before a restore and has no order here",
        "if self.left_sends and not self.is_sends_meant:",
        "if self.left_sends and not self.is_sends_meant and not self:",
        (f"{PLACED}::test_a_new_form_for_what_has_no_order_here_is_asked_about_exactly_that",),
        "orders/placing/left_sends.py",
        items=(5, 23),
    ),
    Guard(
        "placing: what is found of before a restore with the insert",
        "if name_of(send) not in told)",
        "if not send)",
        (
            f"{PLACED}::test_what_is_found_between_the_form_and_its_order_is_asked_about_with_the_insert",
        ),
        "orders/placing/left_sends.py",
        items=(5, 23),
    ),
    Guard(
        "released: what it waits for in the transaction that releases it",
        "if shown_hold != of_hold(order):",
        "if shown_hold != of_hold(order) and not order.pk:",
        (
            "orders/tests/pages/test_stale_tabs.py::test_nor_where_that_order_comes_between_the_click_and_the_release",
        ),
        "orders/placing/place_orders.py",
        items=(6,),
    ),
    Guard(
        "released: the same that nobody was told of",
        "            refuse_beside(order, now, beside, told_sends)",
        "            pass",
        (
            "orders/tests/pages/test_released_beside.py::test_what_is_bought_between_the_click_and_the_release_is_asked_about",
        ),
        "orders/placing/place_orders.py",
        items=(5,),
    ),
    Guard(
        "new terms: the same that nobody was told of",
        "                refuse_beside(order, now, **meant)\n",
        "                pass\n",
        (
            "orders/tests/placing/test_terms_pages.py"
            "::test_new_terms_send_no_order_beside_the_same_without_a_word",
            "orders/tests/placing/test_terms_pages.py"
            "::test_what_is_bought_between_the_tick_and_the_agreement_is_asked_about",
        ),
        "orders/placing/terms_views.py",
        items=(5,),
    ),
    Guard(
        "new terms: beside exactly what was shown",
        "meant = form.meant() if form.told_of(order, now).is_valid() else form.nothing_meant()",
        "meant = form.told_of(order, now).meant()",
        (
            "orders/tests/placing/test_terms_pages.py"
            "::test_new_terms_send_it_beside_exactly_what_was_shown",
        ),
        "orders/placing/terms_views.py",
        items=(5,),
    ),
    Guard(
        "queued again: the same that nobody was told of",
        "if found := _not_as_told(same_beside(order, now), beside):",
        "if found := _not_as_told(same_beside(order, now).none(), beside):",
        (
            "orders/tests/placing/test_sent_again.py::test_an_old_tab_does_not_send_it_beside_what_was_bought_since",
            f"{FOUND}::test_nor_does_send_again",
        ),
        "orders/placing/place_orders.py",
        items=(5,),
    ),
    Guard(
        "queued again: what has no order here that nobody was told of",
        "if send := left_sends.untold_beside(order, told_sends):",
        "if send := None and left_sends.untold_beside(order, told_sends):",
        (
            "orders/tests/placing/test_sent_again.py::test_it_is_not_sent_beside_what_has_no_order_here_unless_that_is_meant",
        ),
        "orders/placing/place_orders.py",
        items=(5, 23),
    ),
    Guard(
        "queue again: a flag that was raised since the order was read is looked into first",
        "Order.objects.filter(pk=order.pk).exclude(flag__in=LOOKED_INTO_FIRST)",
        "Order.objects.filter(pk=order.pk)",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_it_is_not_queued_again_over_a_flag_that_was_raised_since_it_was_read",
        ),
        "orders/placing/place_orders.py",
        items=(11,),
    ),
)
