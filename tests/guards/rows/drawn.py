"""Pages that were drawn before the database was put back."""

from __future__ import annotations

from tests.guards.guard import Guard

DRAWN = "orders/tests/restores/test_drawn_before.py"
BUTTONS = "orders/tests/restores/test_old_request_buttons.py"
WAITING = "orders/tests/restores/test_shown_waiting.py"
BEFORE = "orders/tests/pages/test_words_before_pages.py"
OLDER = "orders/tests/restores/test_listed_by_older_code.py"
IN_PLACE = (
    "dashboard/tests/test_rows_in_their_place.py"
    "::test_a_button_acts_on_no_row_that_was_given_its_number_since"
)
ALONE = "orders/tests/mass/test_corrected_lines.py"

GUARDS = (
    Guard(
        "restore: a form of before it is asked about",
        "        if self.restored_at and not self.is_restore_meant:",
        "        if False:",
        (
            f"{DRAWN}::test_an_order_form_of_before_a_restore_is_placed_when_a_person_says_so",
            f"{DRAWN}::test_a_paste_of_before_a_restore_is_checked_when_a_person_says_so",
            f"{DRAWN}::test_a_confirmation_for_many_of_before_a_restore_starts_when_a_person_says_so",
        ),
        "orders/limits/drawn_before.py",
        items=(20, 23),
    ),
    Guard(
        "restore: a tick speaks of the restore that was shown",
        'return bool(self.data.get("restores_meant") == self.restores_consent)',
        'return bool(self.data.get("restores_meant"))',
        (f"{DRAWN}::test_a_tick_of_one_restore_is_none_of_a_gap_that_is_found_later",),
        "orders/limits/drawn_before.py",
        items=(20, 23),
    ),
    Guard(
        "place: not over a restore that was found since its form was read",
        "    if draft.known_restores not in (None, restores().word):",
        "    if False:",
        (f"{DRAWN}::test_a_restore_that_is_found_between_the_form_and_its_order_stops_it",),
        "orders/placing/place_orders.py",
        items=(20, 23),
    ),
    Guard(
        "mass order: not with a page of before a restore",
        "        digest.update(self.restores.encode())\n",
        "",
        (f"{DRAWN}::test_the_page_of_a_mass_order_that_was_drawn_before_a_restore_places_nothing",),
        "orders/mass/mass_order.py",
        items=(20, 23),
    ),
    Guard(
        "refill, cancel: no step with a button of before a restore",
        '    return f"-{word}" if word else ""',
        '    return ""',
        (f"{BUTTONS}::test_no_step_is_taken_with_a_button_of_before_a_restore",),
        "orders/shown.py",
        items=(6, 20, 23),
    ),
    Guard(
        "cancel: none for many with a confirmation of before a restore",
        "class BulkCancelForm(BulkDrawnForm):",
        "class BulkCancelForm(BulkForm):",
        (f"{BUTTONS}::test_cancels_for_many_of_before_a_restore_start_when_a_person_says_so",),
        "orders/bulk/about_forms.py",
        items=(6, 20, 23),
    ),
    Guard(
        "refill: sent again over no gap that is found with the click",
        "        known = doubtful_rows.known_gap() if known_gap is None else known_gap",
        "        known = doubtful_rows.known_gap()",
        (f"{BUTTONS}::test_a_gap_that_is_found_with_the_click_puts_the_refill_in_doubt",),
        "orders/aftersales/request_refills.py",
        items=(6, 20, 23),
    ),
    Guard(
        "refill: not with a button of before a restore",
        '        return f"none{restored}"',
        '        return "none"',
        (f"{DRAWN}::test_a_refill_button_of_before_a_restore_asks_for_none",),
        "orders/shown.py",
        items=(20, 23),
    ),
    Guard(
        "restore: a database is accepted only with what waits as its page has shown",
        "    shown = [halt.pk, halt.placed_at, run.pk, listed, gaps, waiting, requests]\n",
        "    shown = [halt.pk, halt.placed_at, run.pk, listed, gaps]\n",
        (f"{WAITING}::test_what_waits_by_now_and_was_not_shown_is_not_let_go",),
        "orders/restores/shown_lists.py",
        items=(20, 23),
    ),
    Guard(
        "people: the word of the evidence is read before it is drawn",
        '        "shown": word,\n',
        '        "shown": shown.of_order(order),\n',
        (f"{BEFORE}::test_an_answer_while_the_evidence_is_drawn_is_not_decided_on_unseen",),
        "orders/recovery/resolve_views.py",
        items=(5, 11),
    ),
    Guard(
        "restore: the word of its page is read before it is drawn",
        '    context["form"] = form or AcknowledgeForm()\n',
        '    context |= {"form": AcknowledgeForm(), "shown": shown_lists.of_halt(halt, run)}\n',
        (f"{BEFORE}::test_what_is_found_while_the_restored_page_is_drawn_is_not_accepted_unseen",),
        "orders/restores/views.py",
        items=(20, 23),
    ),
    Guard(
        "mass order: the word of its page is read before it is drawn",
        '        "shown": shown,\n',
        '        "shown": _good_lines(found).digest,\n',
        (f"{BEFORE}::test_a_line_corrected_while_a_mass_order_is_drawn_is_not_placed_unseen",),
        "orders/mass/batch_views.py",
        items=(6, 20),
    ),
    Guard(
        "mass order: the word has a corrected line as it was written",
        "rows=sorted([*others, *mine], key=",
        "rows=sorted([*others, *BatchLine.objects.filter(number=number).values_list(*SHOWN)], key=",
        (
            "orders/tests/mass/test_shown_lines.py"
            "::test_what_somebody_else_made_of_the_same_line_is_not_placed_by_whom_it_was_not_shown",
        ),
        "orders/mass/mass_order.py",
        items=(6, 20),
    ),
    Guard(
        "restore: what an older worker has listed is given its keys",
        "        UnmatchedOrder.objects.give_keys,\n",
        "",
        (
            f"{OLDER}::test_what_it_has_listed_is_known_by_its_form_and_by_its_link",
            f"{OLDER}::test_what_it_has_listed_and_a_person_has_accepted_stops_nothing_anew",
        ),
        "orders/restores/tasks.py",
        items=(20, 23),
    ),
    Guard(
        "mass order: withdrawn is the one that was shown",
        '    if request.GET.get("of") != found.shown:\n'
        "        return _is_another(request, pk)\n"
        "    mass_order.stop_placing(found)\n",
        "    mass_order.stop_placing(found)\n",
        (f"{IN_PLACE}[withdraw a mass order]",),
        "orders/mass/batch_views.py",
        items=(20, 23),
    ),
    Guard(
        "mass order: discarded is the one that was shown",
        '    if request.GET.get("of") != found.shown:\n'
        "        return _is_another(request, pk)\n"
        "    if mass_order.discard(found):\n",
        "    if mass_order.discard(found):\n",
        (f"{IN_PLACE}[discard a mass order]",),
        "orders/mass/batch_views.py",
        items=(20, 23),
    ),
    Guard(
        "many: stopped is the action that was shown",
        '    if request.GET.get("of") != found.shown:\n',
        "    if False:\n",
        (f"{IN_PLACE}[stop a bulk action]",),
        "orders/bulk/views.py",
        items=(20, 23),
    ),
    Guard(
        "catalog: applied is the one that was shown",
        '    if request.POST.get("shown") != run.shown:\n'
        "        messages.warning(request, CHANGED)\n"
        "    elif approve_run(",
        "    if approve_run(",
        (f"{IN_PLACE}[apply a catalog]",),
        "providers/views/catalogs.py",
        items=(20, 23),
    ),
    Guard(
        "people: a password is set for who was shown",
        'if request.method == "POST" and request.POST.get("shown") != person.shown:',
        "if False:",
        (f"{IN_PLACE}[set a password]",),
        "dashboard/people/views.py",
        items=(20, 23),
    ),
    Guard(
        "mass order: a page without a word offers nothing to place",
        'context["has_word"] = request.GET.get("shown") != ""',
        'context["has_word"] = True',
        (
            "orders/tests/mass/test_shown_lines.py"
            "::test_a_page_that_was_drawn_while_it_was_placed_offers_to_look_and_not_to_place",
        ),
        "orders/mass/batch_views.py",
        items=(6, 20),
    ),
    Guard(
        "mass order: a line looked at alone is warned of those before it",
        "            if line.number < lines[0].number:\n",
        "            if line.number < 0:\n",
        (
            f"{ALONE}::test_a_line_looked_at_alone_has_the_warnings_it_has_among_all_of_them",
            f"{ALONE}::test_lines_that_are_placed_each_by_itself_wait_for_one_another",
        ),
        "orders/mass/line_context.py",
        items=(6, 20),
    ),
)
