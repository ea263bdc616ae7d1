"""Every single guard against buying twice, losing or lying, and the tests that watch over it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """Taken out by putting `new` in the place of `old`, which stands in `path` exactly once.

    For an index `path` is empty and `new` the operation of a migration that drops it; then
    `old` is how the model names it.
    """

    name: str
    old: str
    new: str
    tests: tuple[str, ...]
    path: str = ""


SENDING, RACES = "orders/tests/sending/test_send_orders.py", "orders/tests/sending/test_races.py"
EACH, HALTS = "orders/tests/sending/test_each_guard.py", "orders/tests/sending/test_halts.py"
SETTLING = "orders/tests/recovery/test_decisions.py"
WRITES = "orders/tests/sending/test_every_write.py"
GAPS = "orders/tests/restores/test_journal_gaps.py"
PUT_BACK = "orders/tests/restores/test_put_back_twice.py"
WAS_SENT = "orders/tests/restores/test_what_was_sent.py"
MANY = "orders/tests/restores/test_many_over_a_gap.py"
OUTCOMES = "orders/tests/sending/test_outcomes.py"
INVARIANTS = "orders/tests/sending/test_invariants.py"
MATRIX = "tests/transport_matrix/test_matrix.py"
SOCKETS = "providers/panel_api/tests/test_sockets.py"
SEARCH = "orders/tests/recovery/test_recovery_over_http.py"
DOUBTS = "orders/tests/recovery/test_doubts_over_http.py"
LISTS = "orders/tests/recovery/test_lists_over_http.py"
NAMED = "orders/tests/recovery/test_ids_in_answers.py"
LATE_CANCELS = "orders/tests/aftersales/test_late_cancels.py"
WATCHDOG = "dashboard/tests/test_watchdog.py"
BROKEN = "orders/tests/recovery/test_broken_steps.py"
SHARED = "orders/tests/recovery/test_shared_ids.py"
CLOCKS = "orders/tests/recovery/test_clock_steps.py"
CLOSING = "orders/tests/recovery/test_closing_ranges.py"
ASKING = "orders/tests/recovery/test_asking_again.py"
REPLAYS = "orders/tests/recovery/test_replays_are_writes.py"
HOLDING = "orders/tests/placing/test_holding.py"
HTTP = "orders/tests/sending/test_over_real_http.py"
POLLS = "orders/tests/polling/test_poll_batch.py"
MOVING = "orders/tests/recovery/test_moving_prices.py"
MISLEADING = "orders/tests/recovery/test_misleading_charges.py"
KNOWN = "orders/tests/recovery/test_known_prices.py"
UNKNOWN_PRICE = "test_where_the_price_is_not_known_a_person_gets_it_with_the_reason"
FORMATS = "orders/tests/sending/test_file_formats.py"
RESTORES = "orders/tests/sending/test_restore_guard.py"
PLACED = "orders/tests/restores/test_placed_again.py"
SAME_ACCOUNT = "orders/tests/recovery/test_rows_of_one_account.py"
SPELLED = "orders/tests/recovery/test_spelled_ids.py"
TERMS, CONSENT = "orders/tests/limits/test_terms.py", "orders/tests/bulk/test_consent_races.py"
MEANT = "orders/tests/mass/test_meant_lines.py"
CLICKED = "orders/tests/placing/test_sent_twice.py"
TOLD = "orders/tests/placing/test_told_of.py"

INDEXES = (
    Guard(
        "index: one live attempt an order",
        'name="one_live_attempt_per_order"',
        'migrations.RemoveConstraint("attempt", "one_live_attempt_per_order")',
        (
            f"{EACH}::test_an_order_has_one_live_attempt",
            f"{SENDING}::test_an_order_queued_although_an_attempt_is_live_is_flagged_not_sent",
        ),
    ),
    Guard(
        "index: a doubt has its moment",
        'name="unknown_since_is_known"',
        'migrations.RemoveConstraint("attempt", "unknown_since_is_known")',
        (f"{INVARIANTS}::test_the_database_takes_no_doubt_of_which_nobody_knows_since_when",),
    ),
    Guard(
        "index: one send in flight an account",
        'name="one_send_in_flight_per_provider"',
        'migrations.RemoveConstraint("attempt", "one_send_in_flight_per_provider")',
        (f"{EACH}::test_an_account_has_one_send_in_flight",),
    ),
    Guard(
        "index: a number of the provider once",
        'name="external_id_once_per_provider"',
        'migrations.RemoveConstraint("order", "external_id_once_per_provider")',
        (f"{SENDING}::test_an_id_that_is_already_ours_is_unconfirmed_and_overwrites_nothing",),
    ),
    Guard(
        "index: a form key once",
        'default=uuid.uuid4, unique=True, editable=False, db_column="submission"',
        'migrations.AlterField("order", "form_key", models.UUIDField(db_column="submission"))',
        (f"{EACH}::test_a_form_key_is_one_order",),
    ),
    Guard(
        "index: one closed halt before an account",
        'name="one_standing_halt_of_a_kind_per_provider"',
        'migrations.RemoveConstraint("halt", "one_standing_halt_of_a_kind_per_provider")',
        (f"{EACH}::test_a_halt_stands_closed_once_before_an_account",),
    ),
    Guard(
        "index: one closed halt before all",
        'name="one_standing_halt_of_a_kind_for_all"',
        'migrations.RemoveConstraint("halt", "one_standing_halt_of_a_kind_for_all")',
        (f"{HALTS}::test_a_halt_is_closed_once_and_its_history_kept",),
    ),
)

LINES = (
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
    ),
    Guard(
        "a move leaves what is held for another reason by now",
        "mine = Order.objects.filter(pk=self.pk, status=before, hold_reason=self.hold_reason)",
        "mine = Order.objects.filter(pk=self.pk, status=before)",
        (f"{HOLDING}::test_a_sweep_that_read_an_earlier_hold_does_not_undo_that_of_a_person",),
        "orders/models/order.py",
    ),
    Guard(
        "hold: only what no worker has taken",
        "    if why_not_held(order):",
        "    if not order:",
        (f"{HOLDING}::test_an_order_that_a_worker_has_taken_is_not_held",),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "waits: no row of a restored database bounds others",
        "elif attempt.surely_after is None and attempt.code != RECALLED:",
        "elif attempt.surely_after is None:",
        (
            f"{REPLAYS}"
            "::test_one_that_was_forgotten_and_replayed_is_confirmed_after_a_wait_of_its_own",
        ),
        "orders/recovery/search/wait_clock.py",
    ),
    Guard(
        "restore: a database of which one journal could not be read was not compared",
        "    if unread:\n        return True\n",
        "",
        (
            "orders/tests/restores/test_unreadable_journals.py"
            "::test_a_database_counts_as_compared_only_where_each_journal_could_be_read",
        ),
        "orders/sending/restore_check/guard.py",
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
    ),
    Guard(
        "restore: a directory that cannot be listed is not one without journals",
        "        unread.append(0)\n",
        "",
        (
            "orders/tests/restores/test_unreadable_journals.py"
            "::test_a_database_counts_as_compared_only_where_the_journals_could_be_listed",
        ),
        "orders/sending/restore_check/guard.py",
    ),
    Guard(
        "bulk: an order that was bought before something broke did not fail",
        "            item.made = bought_for(item).first()\n",
        "            pass\n",
        (
            "orders/tests/bulk/test_bulk_actions.py"
            "::test_one_that_breaks_after_its_order_was_bought_tells_of_that_order",
        ),
        "orders/bulk/bulk_action.py",
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
    ),
    Guard(
        "bulk: a restored database is asked anew which orders the numbers stand for",
        '        if form.cleaned_data["shown_orders"] != _digest(',
        '        if False and form.cleaned_data["shown_orders"] != _digest(',
        (
            "orders/tests/bulk/test_other_orders.py"
            "::test_numbers_that_stand_for_other_orders_by_now_are_asked_about_anew",
        ),
        "orders/bulk/confirm_views.py",
    ),
    Guard(
        "bulk release: each order only from what it was shown for",
        "    return reason in holds and order_id in _ids(holds[reason])",
        "    return reason in holds",
        (
            "orders/tests/bulk/test_bulk_pages.py::test_an_order_is_not_released_from_what_another_one_was_confirmed_to_wait_for",
        ),
        "orders/bulk/shown_holds.py",
    ),
    Guard(
        "restore: taking as sent again after a lost race",
        "    for _ in range(MOST_RACES):",
        "    for _ in range(1):",
        (
            "orders/tests/restores/test_recalled_sends.py::test_one_that_staff_hold_or_release_at_that_moment_is_given_back_all_the_same",
        ),
        "orders/sending/restore_check/recalled_sends.py",
    ),
    Guard(
        "place: not what its form had sent before the database was put back",
        "            sent_before.take_over(order, sends, now=now, actor=placed_by)\n",
        "",
        (
            f"{PLACED}::test_a_form_that_was_sent_before_the_restore_is_not_bought_again",
            f"{PLACED}::test_a_bulk_confirmation_that_is_sent_again_does_not_buy_again",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "restore: what a provider told of first takes the name of its send",
        "            told.update(**name)\n",
        "            told.exists()\n",
        (f"{PLACED}::test_one_of_which_the_provider_told_first_is_known_by_its_form_too",),
        "orders/models/restored.py",
    ),
    Guard(
        "mass order: a line for what has no order here is left out until it is meant",
        "return [*named, *map(left_sends.why_asked, self.sends[:TOLD_OF])]",
        "return named",
        (f"{PLACED}::test_a_new_line_for_what_has_no_order_here_is_left_out_until_it_is_meant",),
        "orders/mass/check_lines.py",
    ),
    Guard(
        "place: not as an order of which its form had sent another",
        "if words := sent_before.objection(draft, sends):",
        "if words := sent_before.objection(draft, []):",
        (f"{PLACED}::test_a_form_that_was_changed_since_is_refused_with_what_it_had_sent",),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "withdraw: again after a sweep was faster",
        "    for _ in range(MOST_RACES):",
        "    for _ in range(1):",
        (
            "orders/tests/placing/test_placing.py::test_a_sweep_that_moves_it_meanwhile_does_not_let_it_be_sent",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "withdraw: not what a person has moved since",
        "        if moved is not None and moved.actor_id is not None:",
        "        if moved is None:",
        (
            "orders/tests/placing/test_placing.py::test_what_a_person_did_meanwhile_is_not_withdrawn_unseen",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "claim: the halt",
        "if not unchanged.exists() or halts.sending_is_halted(provider.pk):",
        "if not unchanged.exists():",
        (f"{HALTS}::test_behind_a_closed_halt_nothing_is_claimed_or_rung_for",),
        "orders/sending/claims.py",
    ),
    Guard(
        "claim: the account as it was read",
        "pk=provider.pk, version=provider.version, state=ProviderState.ACTIVE",
        "pk=provider.pk, state=ProviderState.ACTIVE",
        (f"{SENDING}::test_nothing_is_sent_with_a_key_that_was_changed_since",),
        "orders/sending/claims.py",
    ),
    Guard(
        "claim: not by the catalog of another address",
        "unchanged = unchanged.filter(moved_at=None)",
        "unchanged = unchanged.filter()",
        (
            "orders/tests/sending/test_moved_accounts.py::test_nothing_is_ordered_there_by_the_catalog_of_another_place",
        ),
        "orders/sending/claims.py",
    ),
    Guard(
        "restore: no database is accepted while an order that was sent is in somebody's hands",
        "        if recalled is not None:\n            left.pop()",
        "        left.pop()",
        (
            "orders/tests/restores/test_recalled_sends.py"
            "::test_one_that_is_claimed_while_its_database_is_accepted_is_not_sent_a_second_time",
        ),
        "orders/sending/restore_check/recalled_sends.py",
    ),
    Guard(
        "restore: a send that the database has forgotten comes back before its order is queued",
        "        if journaled:\n",
        "        if False:\n",
        (
            "orders/tests/restores/test_claims_of_restored.py"
            "::test_an_order_whose_claim_finds_it_out_is_in_doubt_in_the_same_step",
        ),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "restore: nor does a refusal of an earlier try set it free",
        "    buys = outcome.outcome not in NOTHING_BOUGHT\n",
        "    buys = outcome.outcome != Outcome.NOT_SENT\n",
        (
            "orders/tests/restores/test_refusals_of_restored.py"
            "::test_the_refusal_of_the_first_try_does_not_set_its_order_free",
        ),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "restore: the claim that found it out looks once more",
        "if send_outcome.code == RESTORE_DOUBT:",
        "if False:",
        (
            "orders/tests/restores/test_recalled_sends.py"
            "::test_the_one_whose_claim_found_it_out_is_given_back_before_another_claim_of_it",
        ),
        "orders/sending/send_orders.py",
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
    ),
    Guard(
        "search: what a drip-feed that has ended since may have started",
        "    silent += parents.ended\n",
        "",
        (
            "orders/tests/recovery/test_closing_ranges.py"
            "::test_what_a_drip_feed_has_started_that_has_ended_since_goes_to_a_person_too",
        ),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "answer: no order that is said to have failed",
        " and not against:",
        ":",
        ("providers/panel_api/tests/test_samples.py::test_sample",),
        "providers/panel_api/answers/answer.py",
    ),
    Guard(
        "restore: no acknowledgement of a clock that was ahead",
        "if accepted.filter(acknowledged_at__lte=at_most).exists():",
        "if accepted.exists():",
        (f"{RESTORES}::test_what_a_clock_ahead_has_acknowledged_accepts_no_later_restore",),
        "orders/sending/restore_check/guard.py",
    ),
    Guard(
        "people: the doubt that was read",
        "same = only(attempt).filter(recorded_at=attempt.recorded_at, **waited)",
        "same = only(attempt).filter(**waited)",
        ("orders/tests/pages/test_stale_tabs.py::test_a_doubt_that_was_reopened_is_another_one",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "claim: the terms, the rules and the limits as they are now",
        "if reason := check_limits.why_hold(order, service, now):",
        'if reason := "":',
        (f"{TERMS}::test_the_claim_reads_the_service_in_its_own_transaction",),
        "orders/sending/claims.py",
    ),
    Guard(
        "claim: the price that was checked is the one it leaves at",
        "agree_terms.dearer_since(order, service)",
        "agree_terms.dearer_since(order, agree_terms.service_now(order))",
        (f"{TERMS}::test_the_price_with_which_it_leaves_is_the_one_that_was_checked",),
        "orders/sending/claims.py",
    ),
    Guard(
        "placing: what a form became is asked before it is refused",
        "return _placed_once(request, earlier) if earlier else _cannot(request, service, words)",
        "return _cannot(request, service, words)",
        (
            "orders/tests/placing/test_new_order_pages.py::test_a_form_sent_again_is_answered_also_where_its_service_is_ordered_no_more",
        ),
        "orders/placing/views.py",
    ),
    Guard(
        "placing: the same form a moment before it is refused",
        "return _already_placed(request, form, placed) if placed else _refuse(request, form)",
        "return _refuse(request, form)",
        (f"{CLICKED}::test_the_second_click_looked_for_its_order_a_moment_too_early",),
        "orders/placing/views.py",
    ),
    Guard(
        "placing: the same form while it is being placed",
        "    placed = _placed_meanwhile(request, form.service)\n",
        "    placed = _sent_before(request)\n",
        (f"{CLICKED}::test_the_second_click_is_refused_only_once_the_first_is_known",),
        "orders/placing/views.py",
    ),
    Guard(
        "placing: the terms that were shown",
        "if Terms.of(service) != Terms.of(draft.service):",
        "if Terms.of(service) is None:",
        (f"{TERMS}::test_a_service_that_changes_during_the_click_is_asked_about_again",),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "placing: an open order nobody was told of",
        "    if draft.told_of is None:",
        "    if draft.told_of is None or draft:",
        (f"{CONSENT}::test_consent_covers_the_orders_that_were_shown_and_no_newer_one",),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "placing: the same that ended a short while ago",
        "with_same_payload(draft.service, draft.link_key, units, lately)",
        "with_same_payload(draft.service, draft.link_key)",
        (
            "orders/tests/placing/test_repeats.py::test_an_order_that_was_placed_and_ended_in_between_is_told_with_the_insert",
        ),
        "orders/placing/place_orders.py",
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
    ),
    Guard(
        "placing: behind is said of the orders that were shown",
        "if self.same_payloads and not self.is_consented:",
        "if self.same_payloads and not self.is_consented and self.behind is None:",
        (
            "orders/tests/placing/test_order_form.py::test_behind_is_said_of_the_orders_that_were_shown_and_of_no_other",
        ),
        "orders/placing/order_form.py",
    ),
    Guard(
        "placing: the older ones among the orders that were shown",
        "            told_of=frozenset(self._asked),",
        "            told_of=None,",
        (f"{TOLD}::test_an_order_that_is_committed_with_a_lower_number_was_not_shown",),
        "orders/placing/order_form.py",
    ),
    Guard(
        "placing: the form was drawn with each of these orders",
        "return is_here and not untold(self._asked.values(), told_of)",
        "return is_here",
        (
            f"{TOLD}::test_an_older_order_that_was_queued_again_since_was_not_shown",
            f"{TOLD}::test_a_number_that_stands_for_another_order_by_now_was_not_shown",
        ),
        "orders/placing/order_form.py",
    ),
    Guard(
        "released: behind which order it was shown to wait",
        "    ahead = ahead_of(order) if order.hold_reason == HoldReason.LINK_BUSY else None",
        "    ahead = None",
        (
            "orders/tests/pages/test_stale_tabs.py::test_a_release_from_before_another_order_came_first_on_the_link_is_not_taken",
        ),
        "orders/shown.py",
    ),
    Guard(
        "placing: what was bought before a restore and has no order here",
        "if self.left_sends and not self.is_sends_meant:",
        "if self.left_sends and not self.is_sends_meant and not self:",
        (f"{PLACED}::test_a_new_form_for_what_has_no_order_here_is_asked_about_exactly_that",),
        "orders/placing/left_sends.py",
    ),
    Guard(
        "placing: what is found of before a restore with the insert",
        "if name_of(send) not in told)",
        "if not send)",
        (
            f"{PLACED}::test_what_is_found_between_the_form_and_its_order_is_asked_about_with_the_insert",
        ),
        "orders/placing/left_sends.py",
    ),
    Guard(
        "released: what it waits for in the transaction that releases it",
        "if shown_hold != of_hold(order):",
        "if shown_hold != of_hold(order) and not order.pk:",
        (
            "orders/tests/pages/test_stale_tabs.py::test_nor_where_that_order_comes_between_the_click_and_the_release",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "found after all: it was sent again since",
        "    if as_read is None or not reopen.reopen(",
        "    if not reopen.reopen(",
        (
            "orders/tests/recovery/test_found_after_all.py::test_one_that_was_sent_again_since_is_left_alone",
        ),
        "orders/recovery/link_orders.py",
    ),
    Guard(
        "linked by hand: an id that is older than the try",
        'return str(known[-1]) if rises and number <= known[-1] else ""',
        'return ""',
        (
            "orders/tests/recovery/test_older_ids.py::test_the_id_of_an_earlier_try_is_not_linked_to_a_later_one_without_a_word",
        ),
        "orders/recovery/older_ids.py",
    ),
    Guard(
        "released: the same that nobody was told of",
        "            refuse_beside(order, now, beside, told_sends)",
        "            pass",
        (
            "orders/tests/pages/test_released_beside.py::test_what_is_bought_between_the_click_and_the_release_is_asked_about",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "new terms: the same that nobody was told of",
        "                refuse_beside(order, now, (), ())\n",
        "                pass\n",
        (
            "orders/tests/placing/test_terms_pages.py"
            "::test_new_terms_send_no_order_beside_the_same_without_a_word",
        ),
        "orders/placing/terms_views.py",
    ),
    Guard(
        "queued again: the same that nobody was told of",
        "if found := same_beside(order, now).exclude(pk__in=beside).first():",
        "if found := same_beside(order, now).none().first():",
        (
            "orders/tests/placing/test_sent_again.py::test_an_old_tab_does_not_send_it_beside_what_was_bought_since",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "queued again: what has no order here that nobody was told of",
        "if send := left_sends.untold_beside(order, told_sends):",
        "if send := None and left_sends.untold_beside(order, told_sends):",
        (
            "orders/tests/placing/test_sent_again.py::test_it_is_not_sent_beside_what_has_no_order_here_unless_that_is_meant",
        ),
        "orders/placing/place_orders.py",
    ),
    Guard(
        "mass: the same that anybody placed in the last day",
        "for asked in (buys_again(), lately.orders):",
        "for asked in (buys_again(),):",
        (
            "orders/tests/mass/test_repeated_lines.py::test_a_paste_with_one_line_less_does_not_buy_the_others_again",
        ),
        "orders/mass/line_context.py",
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
    ),
    Guard(
        "mass: an order that came with the insert of a line that is meant",
        "told_of=frozenset(order.pk for order in same.orders),",
        "told_of=None,",
        (f"{MEANT}::test_an_order_that_comes_with_the_insert_takes_the_consent_of_a_line_away",),
        "orders/mass/check_lines.py",
    ),
    Guard(
        "mass: what has no order here, found after its line was meant",
        "return [*map(left_sends.name_of, self.sends), *orders]",
        "return orders",
        (
            "orders/tests/restores/test_lines_beside_sends.py::test_a_line_that_is_meant_is_asked_about_what_is_found_later_and_has_no_order_here",
            "orders/tests/restores/test_lines_beside_sends.py::test_all_repeated_lines_are_meant_speaks_of_what_had_been_found_by_then",
        ),
        "orders/mass/check_lines.py",
    ),
    Guard(
        "mass: what has no order here, found with the insert of a line",
        "told_sends=left_sends.names_of(same.sends),",
        "told_sends=None,",
        (
            "orders/tests/restores/test_lines_beside_sends.py::test_what_is_found_while_a_line_that_is_meant_is_placed_is_asked_about",
        ),
        "orders/mass/check_lines.py",
    ),
    Guard(
        "mass: a line corrected to what another is meant to buy",
        "if (claim := self.claimed.get(place)) or line.is_meant:",
        "if (claim := self.claimed.get(place)) or line:",
        (
            "orders/tests/mass/test_corrected_lines.py::test_a_line_that_is_corrected_to_what_another_is_meant_to_buy_is_asked_about_it",
        ),
        "orders/mass/line_context.py",
    ),
    Guard(
        "mass: another line than the one that a line is meant beside",
        "names = [*([claim.name] if claim else []), *same.names]",
        "names = same.names",
        (
            "orders/tests/mass/test_corrected_lines.py::test_a_line_that_is_corrected_to_what_another_is_meant_to_buy_is_asked_about_it",
        ),
        "orders/mass/check_lines.py",
    ),
    Guard(
        "mass: a line that is meant and changed in one form",
        "is_repeated(line) and is_same and was_told",
        "is_repeated(line) and was_told",
        (
            f"{MEANT}::test_a_line_that_is_meant_and_changed_in_one_form_is_asked_about_what_it_became",
        ),
        "orders/mass/forms.py",
    ),
    Guard(
        "mass: a tick on a page drawn before another order came",
        "is_repeated(line) and is_same and was_told",
        "is_repeated(line) and is_same",
        (f"{MEANT}::test_a_tick_on_a_page_drawn_before_another_order_came_says_nothing_of_it",),
        "orders/mass/forms.py",
    ),
    Guard(
        "mass: the same lines bought again after the page was drawn",
        "hashlib.sha256(repr(earlier and earlier.pk).encode())",
        "hashlib.sha256()",
        (f"{MEANT}::test_order_them_again_speaks_of_the_mass_order_that_was_shown",),
        "orders/mass/mass_order.py",
    ),
    Guard(
        "mass: the button for all repeated lines, after one is fixed in place",
        "if request.htmx and is_as_shown and not words:",
        "if request.htmx and not words:",
        (
            f"{MEANT}::test_but_not_where_somebody_else_changed_another_line_that_the_page_still_shows",
        ),
        "orders/mass/batch_views.py",
    ),
    Guard(
        "bulk: what was found without an order since the confirmation",
        "told_of=told_of, told_sends=shown_sends(job))",
        "told_of=told_of)",
        (
            "orders/tests/bulk/test_bounded_consent.py::test_what_has_no_order_since_a_restore_is_asked_about_and_nothing_that_is_found_later",
        ),
        "orders/bulk/apply_step.py",
    ),
    Guard(
        "bulk: what another action has ordered again",
        "if earlier is None or not is_lately(",
        "if earlier is None or is_lately(",
        (
            "orders/tests/bulk/test_ordered_again.py::test_what_another_action_has_ordered_again_is_left_out_unless_it_is_meant",
        ),
        "orders/bulk/ordered_again.py",
    ),
    Guard(
        "bulk: what another action orders again between the question and the insert",
        "    if words:\n        raise NotAgreed(words)",
        "    if words and not item:\n        raise NotAgreed(words)",
        (
            "orders/tests/bulk/test_ordered_again.py::test_what_another_action_buys_between_the_question_and_the_insert_is_asked_about",
        ),
        "orders/bulk/ordered_again.py",
    ),
    Guard(
        "bulk: a second time is meant beside what was shown",
        "if order.pk not in told_of:",
        "if order.pk not in told_of and not order.pk:",
        (
            "orders/tests/bulk/test_bounded_consent.py::test_of_two_tabs_that_were_ticked_the_second_buys_nothing_the_first_has_bought",
            "orders/tests/bulk/test_bounded_consent.py::test_a_lower_number_that_was_committed_after_the_page_was_drawn_was_not_shown",
        ),
        "orders/bulk/ordered_again.py",
    ),
    Guard(
        "pre-send: the age of the claim",
        "if ours > clocks.SEND_WINDOW_SECONDS:",
        "if ours < 0:",
        (f"{SENDING}::test_the_pre_send_check_stops_a_claim_that_has_grown_old",),
        "orders/sending/writes/send_clock.py",
    ),
    Guard(
        "send: no worker older than the database",
        "        if newer_migrations():\n            return OLDER_CODE\n",
        "",
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/pre_send.py",
    ),
    Guard(
        "a desk older than its database says so",
        "found = [*_older_code(), ",
        "found = [",
        ("dashboard/tests/test_watchdog.py::test_a_desk_older_than_its_database_says_so",),
        "dashboard/health/watchdog.py",
    ),
    Guard(
        "pre-send: the database's clock agrees with ours",
        "if abs(theirs - ours) > clocks.CLOCKS_AGREE_SECONDS:",
        "if ours < 0:",
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/send_clock.py",
    ),
    Guard(
        "pre-send: the age counts from before the claim of an order",
        "    send_outcome = _speak(order, attempt, client, now)",
        "    send_outcome = _speak(order, attempt, client, SendClock(clock))",
        (f"{EACH}::test_a_worker_that_stood_still_right_after_its_claim_sends_nothing",),
        "orders/sending/send_orders.py",
    ),
    Guard(
        "pre-send: the age counts from before the claim of a request",
        "    heard = _speak(kind, claimed, provider, speak, check.journal, now)",
        "    heard = _speak(kind, claimed, provider, speak, check.journal, SendClock(clock))",
        (f"{WRITES}::test_a_worker_that_stood_still_right_after_its_claim_sends_nothing",),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "journal: the age of the claim",
        "    if age > clocks.SEND_WINDOW_SECONDS:",
        "    if age < 0:",
        (f"{EACH}::test_a_claim_that_has_grown_old_is_not_even_journaled",),
        "orders/sending/restore_check/guard.py",
    ),
    Guard(
        "pre-send: the claim is still ours",
        "        if not self.is_ours():",
        "        if not self.is_ours:",
        (f"{EACH}::test_the_pre_send_check_stops_a_claim_that_was_taken_for_lost",),
        "orders/sending/writes/pre_send.py",
    ),
    Guard(
        "pre-send: the requests are still ours",
        "lambda: kind.count_ours(call) == size",
        "lambda: size > 0",
        (f"{WRITES}::test_a_claim_that_was_taken_for_lost_is_not_sent",),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "pre-send: the account as it was read",
        "pk=provider_id, version=version, state=ProviderState.ACTIVE",
        "pk=provider_id, state=ProviderState.ACTIVE",
        (f"{EACH}::test_the_pre_send_check_stops_a_send_whose_key_was_changed_after_the_claim",),
        "orders/sending/writes/pre_send.py",
    ),
    Guard(
        "pre-send: the stops",
        "        if halts.is_halted(self.provider_id, self.write):",
        "        if not self.provider_id:",
        (f"{HALTS}::test_a_halt_that_closes_after_the_claim_stops_the_first_byte",),
        "orders/sending/writes/pre_send.py",
    ),
    Guard(
        "claim of a request: the stops",
        "if not unchanged or halts.is_halted(provider.pk, kind.write):",
        "if not unchanged:",
        (f"{WRITES}::test_a_stop_between_the_look_and_the_claim_leaves_no_claim",),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "answer to a request: on disk first",
        "        file = write_whole(path, text)",
        '        write_whole(path.with_suffix(".gone"), text)',
        (f"{WRITES}::test_an_answer_that_was_heard_outlives_its_worker",),
        "orders/sending/writes/spool_files.py",
    ),
    Guard(
        "answer to a request: kept until the database has it",
        "            file.is_recorded()",
        "            file.is_recorded()\n        file.is_recorded()",
        (f"{WRITES}::test_an_answer_that_was_heard_outlives_a_database_that_stays_away",),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "recording: on a connection that works",
        "        drop_broken_connection()\n        yield tried",
        "        yield tried",
        (f"{WRITES}::test_a_broken_connection_is_let_go_before_the_next_try",),
        "orders/sending/writes/recording.py",
    ),
    Guard(
        "pre-send: asked directly before the first byte",
        "            reason = self._objection()",
        '            reason = ""',
        (f"{WRITES}::test_what_comes_up_before_the_first_byte_stops_it",),
        "orders/sending/writes/pre_send.py",
    ),
    Guard(
        "request: the journal outside the database",
        "        journal(call, claimed.named, now=now)",
        "        assert journal",
        (f"{WRITES}::test_a_restored_database_never_sends_it_again",),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "invariants: an order that nobody asks about is asked about again",
        "        return _ask_about(order, now)",
        "        return False",
        (f"{INVARIANTS}::test_an_order_that_nobody_asks_about_is_asked_about_again",),
        "orders/sending/invariants.py",
    ),
    Guard(
        "invariants: a late acceptance that nobody has seen is not ended",
        "    return _end(order, attempts[0], now) if taken is None else _offer(order, taken, now)",
        "    return _end(order, attempts[0], now)",
        (f"{INVARIANTS}::test_a_send_that_was_taken_after_all_is_not_ended_but_offered",),
        "orders/sending/invariants.py",
    ),
    Guard(
        "restored: another worker's whole call is no failure",
        "        raise_unless_broken(error, *FASTER)\n",
        "        raise\n",
        (
            "orders/tests/restores/test_recall_races.py::test_one_of_eight_brings_the_call_in_and_the_others_fail_at_nothing",
        ),
        "orders/sending/restore_check/recalled_requests.py",
    ),
    Guard(
        "sending: nothing newer is tried without funds, G39",
        "provider__moved_at=None, provider__health__funds_refused_at=None",
        "provider__moved_at=None",
        (f"{SENDING}::test_no_newer_order_is_tried_while_the_account_is_out_of_funds",),
        "orders/sending/send_orders.py",
    ),
    Guard(
        "restored: a gap between journal and database is told",
        "    if mark.is_of(row):\n        return None",
        "    if mark.is_of(row) or journal:\n        return None",
        (f"{GAPS}::test_what_neither_journal_nor_database_knows_is_not_sent_again",),
        "orders/sending/restore_check/journal_gaps.py",
    ),
    Guard(
        "restored: what may have been sent is held with its claim",
        "    if doubtful_rows.may_have_been_sent(order):",
        "    if not order.pk:",
        (f"{GAPS}::test_a_claim_reads_the_gap_in_its_own_transaction",),
        "orders/limits/check_limits.py",
    ),
    Guard(
        "restored: many over a gap, a mass order of before",
        '        | Q(found_at__gte=OuterRef("batch__created_at"))\n',
        "",
        (f"{MANY}::test_what_a_mass_order_of_before_places_afterwards_is_held",),
        "orders/limits/doubtful_rows.py",
    ),
    Guard(
        "restored: many over a gap, an action of before",
        "        | Exists(again),\n",
        "        | Q(pk=None),\n",
        (f"{MANY}::test_what_order_again_for_many_placed_in_the_moment_of_the_gap_is_held",),
        "orders/limits/doubtful_rows.py",
    ),
    Guard(
        "restored: many over a gap, a mass order under way",
        " or _may_be_bought(batch):",
        ":",
        (f"{MANY}::test_a_mass_order_that_was_under_way_goes_on_when_a_person_says_so",),
        "orders/mass/place_lines.py",
    ),
    Guard(
        "restored: many over a gap, refills under way",
        "    buys = job.kind in (JobKind.REORDER, JobKind.REFILL)\n",
        "    buys = job.kind == JobKind.REORDER\n",
        (f"{MANY}::test_refills_of_many_that_were_under_way_stop",),
        "orders/bulk/bulk_action.py",
    ),
    Guard(
        "restored: many over a gap, an action under way",
        " or may_be_bought(job)):",
        "):",
        (f"{MANY}::test_order_again_for_many_that_was_under_way_stops",),
        "orders/bulk/bulk_action.py",
    ),
    Guard(
        "restored: put back twice, what the accepted one was missing",
        "    missing = list(_missing(account))\n",
        "    missing = list[Send]()\n",
        (f"{PUT_BACK}::test_a_kept_form_buys_nothing_after_the_second_time",),
        "orders/sending/restore_check/acceptance.py",
    ),
    Guard(
        "restored: put back twice, the same identity",
        "        elif acceptance.is_forgotten(mark):",
        "        elif identity is None:",
        (f"{PUT_BACK}::test_a_kept_form_buys_nothing_after_the_second_time",),
        "orders/sending/restore_check/guard.py",
    ),
    Guard(
        "restored: put back twice, the refills",
        "_unknown(request_journal.calls_kept(provider_id))",
        "_unknown(request_journal.calls_since_accepted(provider_id))",
        (f"{PUT_BACK}::test_a_refill_that_was_given_back_once_is_given_back_again",),
        "orders/sending/restore_check/recalled_requests.py",
    ),
    Guard(
        "restored: listed meanwhile, the claim",
        "        if sends := sent_before.listed_since(order):",
        "        if sends := sent_before.listed_since(order)[:0]:",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_claim_takes_what_is_listed_for_sent",
        ),
        "orders/sending/claims.py",
    ),
    Guard(
        "restored: listed meanwhile, taken already",
        "rows = mine.exclude(sent_at=None).exclude(sent_at__in=taken).order_by",
        "rows = mine.exclude(sent_at=None).order_by",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_send_that_is_taken_already_does_not_throw_it_back_into_doubt",
        ),
        "orders/placing/sent_before.py",
    ),
    Guard(
        "restored: listed meanwhile, the look",
        "        if order is None and Order.objects.filter(form_key=send.form_key).exists():",
        "        if order:",
        (
            "orders/tests/restores/test_listed_meanwhile.py"
            "::test_a_form_that_is_placed_before_its_send_is_listed_is_not_bought_again",
        ),
        "orders/sending/restore_check/recalled_sends.py",
    ),
    Guard(
        "restored: what was sent, its username",
        'link=send.payload.get("link") or send.payload.get("username", ""),',
        'link=send.payload.get("link", ""),',
        (f"{WAS_SENT}::test_it_is_told_of_under_its_own_address",),
        "orders/sending/restore_check/list_unmatched.py",
    ),
    Guard(
        "restored: what was sent, the whole link",
        "[:LONGEST] for",
        "[:300] for",
        (f"{WAS_SENT}::test_a_line_for_a_long_link_that_was_bought_is_asked_about",),
        "orders/sending/send_journal.py",
    ),
    Guard(
        "restored: what was sent, its runs",
        'f"{quantity} × {runs}" if quantity and runs else quantity',
        'f"{quantity}" if quantity and runs else quantity',
        (f"{WAS_SENT}::test_as_often_as_it_was_not_sent_is_not_taken_for_it",),
        "orders/placing/sent_before.py",
    ),
    Guard(
        "restored: a request that may have been sent ends with its claim",
        "        doubtful_rows.give_up_requests(provider.pk, now=now)\n",
        "",
        (
            f"{GAPS}::test_a_request_that_comes_back_to_the_queue_afterwards_is_given_up_with_its_claim",
        ),
        "orders/aftersales/send_requests.py",
    ),
    Guard(
        "our own errors are unknown",
        "    except Exception as error:\n        log.exception",
        "    except ZeroDivisionError as error:\n        log.exception",
        (f"{SENDING}::test_an_error_of_our_own_while_sending_is_unconfirmed",),
        "orders/sending/send_orders.py",
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
    ),
    Guard(
        "recording: proof that comes late asks a person",
        "if order.status == Status.UNCONFIRMED and to in NOT_SENT:",
        "if order.status == Status.GIVEN_UP:",
        (f"{SENDING}::test_proof_of_not_sent_after_the_reaper_waits_for_a_person",),
        "orders/sending/record_outcome.py",
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
    ),
    Guard(
        "recording: what contradicts a proof is in doubt again",
        "    if order.status not in REOPENED_BY_PROOF:\n        return taken",
        "    if order.status != REOPENED_BY_PROOF:\n        return taken",
        (f"{OUTCOMES}::test_a_late_proof_of_acceptance_stops_a_second_purchase_and_can_be_linked",),
        "orders/sending/record_outcome.py",
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
    ),
    Guard(
        "recording: an id of the account's other row is taken",
        "elsewhere = Q(provider__in=others) | other_spelling",
        "elsewhere = other_spelling",
        (f"{SAME_ACCOUNT}::test_an_id_that_an_order_of_the_other_row_has_is_nobody_s",),
        "orders/sending/reused_id.py",
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
    ),
    Guard(
        "recording: both orders of an id given twice are flagged with the outcome",
        "        if reused:\n",
        "        if reused and not reused:\n",
        (f"{OUTCOMES}::test_both_orders_of_an_id_given_twice_are_flagged_whoever_records_it",),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "doubts: a refusal that says it is there reopens, B10",
        "is_there = says_it_is_there(attempt.order, refusal.code, knows_blocker=knows_blocker)",
        "is_there = not refusal.code",
        (f"{DOUBTS}::test_a_refusal_that_says_it_is_there_reopens_the_doubt",),
        "orders/sending/send_orders.py",
    ),
    Guard(
        "doubts: the machine proves nothing of what is said to be there, B10",
        "    if attempt.code == Doubt.IS_THERE:\n        return False",
        "    if attempt.code == Doubt.LOST:\n        return True",
        (f"{OUTCOMES}::test_a_late_proof_of_acceptance_stops_a_second_purchase_and_can_be_linked",),
        "orders/recovery/resolve.py",
    ),
    Guard(
        "doubts: only lost answers count for the limit, G38",
        "    lost = lost.exclude(code__in=NOT_LOST)\n",
        "    lost = lost.exclude(code__in=NOT_LOST[:0])\n",
        (
            f"{DOUBTS}::test_why_nobody_knows_has_a_code_and_only_what_was_lost_counts_for_the_limit",
        ),
        "orders/sending/halts.py",
    ),
    Guard(
        "accounts: a second row is refused, B9",
        "    if key and (row := row_of(url, fingerprint(key), besides=besides)):",
        "    if not key and (row := row_of(url, fingerprint(key), besides=besides)):",
        (
            "orders/tests/recovery/test_rows_of_one_account.py::test_a_second_row_of_an_account_is_refused",
        ),
        "providers/actions/accounts.py",
    ),
    Guard(
        "accounts: a second row is refused by the database, B9",
        '"upstream": upstream_digest(url, told_by)',
        '"upstream": ""',
        (
            "providers/tests/test_duplicate_accounts.py"
            "::test_two_rows_of_one_account_made_at_the_same_moment_are_one",
        ),
        "providers/actions/accounts.py",
    ),
    Guard(
        "reaper: each row as it is at its turn",
        "Attempt.objects.filter(pk=attempt_id).past_their_lease(now)",
        "Attempt.objects.filter(pk=attempt_id)",
        (f"{OUTCOMES}::test_the_reaper_decides_on_each_row_as_it_is_when_its_turn_comes",),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "reaper: never back to the queue",
        "SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, WORKER_LOST)",
        "SendOutcome(Outcome.NOT_SENT, Status.QUEUED, WORKER_LOST)",
        (f"{SENDING}::test_a_claim_past_its_lease_becomes_unconfirmed_and_is_not_queued_again",),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "sweep: only in a database that is ours",
        "    if halts.may_be_another_database(now):\n        return 0\n    suspects",
        "    suspects",
        (f"{INVARIANTS}::test_nothing_is_concluded_in_a_database_that_may_have_been_taken_back",),
        "orders/sending/invariants.py",
    ),
    Guard(
        "client: the marker before the first byte",
        "            self.bytes_left = True",
        "            self.bytes_left = False",
        (f"{MATRIX}::test_the_client_claims_what_is_so",),
        "providers/panel_api/http/connection.py",
    ),
    Guard(
        "client: the pre-send check before the first byte",
        "                self._before_send()",
        "                self._before_send.__call__",
        (f"{SOCKETS}::test_the_pre_send_check_stands_after_connecting_and_before_the_first_byte",),
        "providers/panel_api/http/connection.py",
    ),
    Guard(
        "client: what was killed is no answer",
        "    if exchange.killed:",
        "    if not exchange:",
        (f"{SOCKETS}::test_a_killed_call_never_counts_as_answered",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: no redirect is followed",
        "response = adapter.send(request, stream=True, timeout=timeout, verify=True)",
        "session = requests.Session()\n"
        '            session.mount("http://", adapter)\n'
        "            response = session.send(request, stream=True, timeout=timeout, verify=True)",
        (f"{MATRIX}::test_nobody_is_called_but_the_provider",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: no proxy of the environment",
        "response = adapter.send(request, stream=True, timeout=timeout, verify=True)",
        "session = requests.Session()\n"
        '            session.mount("http://", adapter)\n'
        "            more = session.merge_environment_settings(request.url, {}, True, True, None)\n"
        "            response = session.send(request, allow_redirects=False, **more)",
        (f"{MATRIX}::test_nobody_is_called_but_the_provider",),
        "providers/panel_api/http/transport.py",
    ),
    Guard(
        "client: a connection of its own for a write",
        "fresh=action in WRITES,",
        "fresh=False,",
        (f"{SOCKETS}::test_every_write_has_a_connection_of_its_own_and_reads_share_one",),
        "providers/panel_api/client.py",
    ),
    Guard(
        "classification: only reviewed words refuse",
        "reviewed = bool(refusals) and all(code in PROVE_NOT_PLACED for _, code in refusals)",
        "reviewed = bool(refusals)",
        (f"{HTTP}::test_a_lost_answer_is_unconfirmed_whether_it_was_bought_or_not",),
        "providers/panel_api/answers/answer.py",
    ),
    Guard(
        "answer: an order that shows nothing of itself may be one",
        "if is_so_called and value == {}:",
        "if is_so_called and value is NotImplemented:",
        (
            "providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",
            "providers/panel_api/tests/test_refusals_beside_ids.py::test_a_refill_may_be_there",
        ),
        "providers/panel_api/made.py",
    ),
    Guard(
        "answer: an error code in numbers is no state",
        '("errorcode", "errorno", "errno", "errcode"), _error_code',
        '("errorcode", "errorno", "errno", "errcode"), _outcome',
        ("providers/panel_api/tests/test_samples.py::test_sample",),
        "providers/panel_api/answers/failure.py",
    ),
    Guard(
        "answer: what was charged for may have been bought",
        "if _is_charged(body, _DEEPEST):",
        "if False:",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/made.py",
    ),
    Guard(
        "classification: an id beside an error proves nothing",
        "if order_id and answer.is_success and not refusals and not against:",
        "if order_id and answer.is_success:",
        (f"{HTTP}::test_a_lost_answer_is_unconfirmed_whether_it_was_bought_or_not",),
        "providers/panel_api/answers/answer.py",
    ),
    Guard(
        "classification: a failing HTTP code proves nothing",
        "if order_id and answer.is_success and not refusals and not against:",
        "if order_id and not refusals and not against:",
        (f"{EACH}::test_an_id_with_a_failing_code_is_not_believed",),
        "providers/panel_api/answers/answer.py",
    ),
    Guard(
        "classification: what may be an order beside an error takes the proof away",
        "if reviewed and not may_be_there and can_prove(answer):",
        "if reviewed and not candidate and can_prove(answer):",
        ("providers/panel_api/tests/test_refusals_beside_ids.py::test_an_order_may_be_there",),
        "providers/panel_api/answers/answer.py",
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
    ),
    Guard(
        "people: what was waited counts, not a clock that was set forward",
        "    return until if attempt.waited_at is None else max(until, counted)",
        "    return until",
        (
            "orders/tests/recovery/test_clock_steps.py"
            "::test_a_clock_that_jumps_ahead_lets_no_person_say_too_early_that_it_is_not_there",
        ),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "people: what may cost any amount takes two",
        "return most is None or most >= limit",
        "return most is not None and most >= limit",
        (f"{SETTLING}::test_an_order_that_may_cost_any_amount_takes_two_people",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "people: the limit of any row of the account takes two",
        "rules = Recovery.objects.filter(provider__in=rows_of(order.provider_id))",
        "rules = Recovery.objects.filter(provider=order.provider_id)",
        (f"{SAME_ACCOUNT}::test_the_narrowest_of_their_limits_asks_for_a_second_person",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "halt: what may cost any amount is over each limit",
        'if Order.objects.without_bound().filter(pk__in=open_ones.values("order")).exists():',
        "if not lost:",
        (f"{HALTS}::test_a_lost_order_that_may_cost_any_amount_is_over_each_limit",),
        "orders/sending/halts.py",
    ),
    Guard(
        "people: not before the order can no longer appear",
        "    if now < until:\n        raise TooEarly(until)",
        "    if now > until + clocks.LOG_IN_COOL_OFF * 1000:\n        raise TooEarly(until)",
        (f"{SETTLING}::test_not_placed_is_confirmed_only_after_the_grace_period",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "deciding: once",
        "unresolved = attempt.filter(outcome=Outcome.UNKNOWN)",
        "unresolved = attempt",
        (f"{EACH}::test_what_an_answer_has_closed_is_not_decided_again",),
        "orders/recovery/doubted_attempt.py",
    ),
    Guard(
        "replay: only what went out with our id",
        "carries = bool(parameter) and attempt.wire.get(parameter) == attempt.idempotency_key",
        "carries = bool(parameter)",
        (f"{ASKING}::test_what_went_out_without_an_id_of_ours_is_not_replayed_with_one",),
        "orders/recovery/search/replay.py",
    ),
    Guard(
        "replay: a refused one proves nothing",
        "        # The first send may be what it is refused for: the money spent, the link busy.\n",
        "        resolve.show_absent([attempt], by=Resolution.REPLAY, now=clock())\n",
        (f"{ASKING}::test_a_refused_replay_proves_nothing_of_the_first_send",),
        "orders/recovery/search/replay.py",
    ),
    Guard(
        "replay: a doubt that is reopened forgets no number",
        "evidence = with_names_of(attempt.evidence, {**kept, **seen, CANDIDATE: external_id})",
        "evidence = {**kept, **seen, CANDIDATE: external_id}",
        (f"{REPLAYS}::test_whatever_is_written_of_a_send_later_forgets_no_number_of_it",),
        "orders/sending/reopen.py",
    ),
    Guard(
        "replay: an accepted id that is another order's forgets no number",
        "evidence=with_names_of(known, {**known, CANDIDATE: number}),",
        "evidence={**known, CANDIDATE: number},",
        (f"{INVARIANTS}::test_an_accepted_id_that_is_another_orders_becomes_a_candidate",),
        "orders/sending/invariants.py",
    ),
    Guard(
        "replay: the first answer alone ends nothing",
        "if REPLAYED_AS in known.evidence and outcome.outcome in NOTHING_BOUGHT:",
        "if REPLAYED_AS in known.evidence and outcome.outcome == NOTHING_BOUGHT:",
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_leaves_its_order_in_doubt",),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "replay: written down before its first byte",
        'lost.evidence = {REPLAYED_AS: "", **lost.evidence}',
        "lost.evidence = {**lost.evidence}",
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_leaves_its_order_in_doubt",),
        "orders/sending/replays.py",
    ),
    Guard(
        "replay: waited for as the first send was",
        'anew = {"waited_seconds": 0, "waited_at": now, "surely_after": None}',
        'anew = {"waited_at": now}',
        (f"{REPLAYS}::test_a_replay_of_which_nobody_knows_is_waited_for_like_the_first_send",),
        "orders/sending/replays.py",
    ),
    Guard(
        "replay: nobody decides by what was seen before it",
        'waited = {"waited_seconds__gte": attempt.waited_seconds}',
        'waited = {"waited_seconds__gte": 0}',
        (f"{REPLAYS}::test_whatever_was_read_before_a_replay_decides_nothing",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "replay: nor by what was seen before the first one",
        "return same.exclude(evidence__has_key=REPLAYED_AS)",
        "return same",
        (f"{REPLAYS}::test_whatever_was_read_before_a_replay_decides_nothing",),
        "orders/recovery/not_placed.py",
    ),
    Guard(
        "replay: under the name and address it was promised for",
        "bool(rests_on) and self.replays_promised_for == rests_on",
        "bool(rests_on)",
        (f"{ASKING}::test_a_promise_is_about_one_parameter_at_one_address",),
        "orders/models/recovery.py",
    ),
    Guard(
        "search: an order we know to be there answers too",
        "if isinstance(said, Unreadable) and said.code is RefusalCode.UNKNOWN_ORDER:",
        "if said is RefusalCode.UNKNOWN_ORDER:",
        (f"{SEARCH}::test_a_provider_that_knows_not_even_our_own_order_proves_nothing",),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: an order of ours in every call",
        "        batch = [*self.own, *part, *self.rest]\n",
        "        batch = [*(() if self.seen.calls else self.own), *part, *self.rest]\n",
        (f"{SEARCH}::test_a_provider_that_forgets_us_in_the_middle_of_a_look_has_cleared_nothing",),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: every parent has to tell what it started",
        "_check_parents([*own, *self.rest], self.parents.gone, answers)",
        "pass",
        (f"{SEARCH}::test_nothing_is_concluded_where_it_is_not_told_what_a_drip_feed_has_started",),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: nothing is on its way meanwhile",
        "if attempts.filter(outcome=Outcome.IN_FLIGHT).exists():",
        "if not attempts:",
        (f"{EACH}::test_what_is_on_its_way_is_not_taken_for_what_was_lost",),
        "orders/recovery/search/find_lost.py",
    ),
    Guard(
        "search: only a much later order closes the range",
        "return None if wait_clock.left(attempt, rules.grace_seconds) else attempt.surely_after",
        "return attempt.pk",
        (f"{EACH}::test_a_lost_order_that_is_numbered_after_a_later_one_is_found",),
        "orders/recovery/search/id_range.py",
    ),
    Guard(
        "search: the last one is when it can no longer appear",
        "return [*(moment for moment in early if now < moment < over), over]",
        "return [moment for moment in early if now < moment]",
        (
            f"{SEARCH}::test_nothing_is_shown_not_to_be_there_before_its_time_is_over",
            f"{EACH}::test_the_account_is_held_until_the_order_can_no_longer_appear",
        ),
        "orders/recovery/search/search_schedule.py",
    ),
    Guard(
        "search: a clock that jumps ahead counts one step",
        "passed = min(LONGEST_STEP, max(0.0, (now - since).total_seconds()))",
        "passed = max(0.0, (now - since).total_seconds())",
        (f"{CLOCKS}::test_a_clock_that_jumps_ahead_after_a_loss_does_not_shorten_the_wait",),
        "orders/recovery/search/wait_clock.py",
    ),
    Guard(
        "search: rows and times agree",
        "if not below or not near.times_agree:",
        "if not below:",
        (f"{CLOCKS}::test_rows_that_were_written_again_close_no_range",),
        "orders/recovery/search/id_range.py",
    ),
    Guard(
        "list: a row that nobody explains may be the lost order",
        "return all(row.order_id in listed.taken | explained for row in rows)",
        "return True",
        (
            f"{LISTS}::test_a_row_that_may_be_another_lost_order_explains_nothing_and_proves"
            "_nobody_absent",
        ),
        "orders/recovery/search/provider_list.py",
    ),
    Guard(
        "list: it has to show an order from afterwards",
        "if listed.doubt or rows is None or not listed.is_fresh(attempt, rules):",
        "if listed.doubt or rows is None:",
        (f"{LISTS}::test_a_list_that_lacks_the_newest_rows_proves_nothing",),
        "orders/recovery/search/provider_list.py",
    ),
    Guard(
        "list: nothing from before the send",
        "return self._rows_up_to(min(before), attempt, rules) if before else None",
        "return self._rows_up_to(len(self.rows), attempt, rules)",
        (f"{LISTS}::test_an_order_from_before_the_send_is_not_linked",),
        "orders/recovery/search/list_trust.py",
    ),
    Guard(
        "cancels: a late answer to one that was given up",
        "return row_outcome.proven and _take_late(mine, request, row_outcome, now)",
        "return False",
        (f"{LATE_CANCELS}::test_it_is_taken_when_that_is_heard_after_all",),
        "orders/aftersales/cancel_sends.py",
    ),
    Guard(
        "cancels: the answer to an earlier try",
        "            tell_late(call, outcome, now)\n",
        "            pass\n",
        (f"{LATE_CANCELS}::test_the_answer_to_an_earlier_try_is_told_once",),
        "orders/sending/restore_check/recalled_requests.py",
    ),
    Guard(
        "watchdog: held orders of which what they wait for has come",
        "        *_held({account.pk: account.name for account in accounts}, now),\n",
        "",
        (
            f"{WATCHDOG}::test_an_order_is_told_that_is_held_for_what_has_come",
            f"{WATCHDOG}::test_each_kind_of_work_that_stands_still_is_told",
        ),
        "orders/watchdog/overdue.py",
    ),
    Guard(
        "watchdog: a search that does not end",
        "    yield from _searched_too_long(account, halts, now)\n",
        "",
        (
            f"{WATCHDOG}::test_a_search_is_told_that_keeps_its_account_halted_for_longer_than_it_takes",
        ),
        "orders/watchdog/overdue.py",
    ),
    Guard(
        "halts: what all rows of an account have lost counts",
        "lost = Attempt.objects.filter(provider__in=rows, unknown_at__gt=acknowledged or since)",
        "lost = Attempt.objects.filter(provider=provider, unknown_at__gt=acknowledged or since)",
        (f"{SAME_ACCOUNT}::test_what_both_rows_have_lost_is_counted_together",),
        "orders/sending/halts.py",
    ),
    Guard(
        "search: a step that breaks keeps no account halted",
        'one_by_one(steps, lambda step: step(run), what=f"recovery of account {run.provider.pk}")',
        "[step(run) for step in steps]",
        (f"{BROKEN}::test_a_step_that_breaks_each_time_keeps_no_account_halted",),
        "orders/recovery/run.py",
    ),
    Guard(
        "search: only in a database that is ours",
        "is_ours = not halts.may_be_another_database(run.clock())",
        "is_ours = True",
        (
            f"{SEARCH}::test_nothing_is_looked_for_in_a_database_that_was_taken_back",
            f"{SEARCH}::test_nothing_is_looked_for_before_a_machine_that_sends_has_found_its_sends"
            "_in_the_database",
        ),
        "orders/recovery/run.py",
    ),
    Guard(
        "search: what nobody here placed ends it",
        "if matched.foreign:\n            resolve.stop_searching",
        "if not matched:\n            resolve.stop_searching",
        (f"{SEARCH}::test_an_order_nobody_here_placed_ends_the_search",),
        "orders/recovery/search/find_lost.py",
    ),
    Guard(
        "replay: a number that contradicts one named before decides nothing",
        "if not order_id or ALSO_NAMED in attempt.evidence:",
        "if not order_id:",
        (
            f"{REPLAYS}::test_a_replay_that_contradicts_an_id_noted_before_keeps_both_and_decides_nothing",
        ),
        "orders/recovery/search/replay.py",
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
    ),
    Guard(
        "replay: what a restored row has forgotten of it is known before an answer ends it",
        "    replay_journal.give_back(known, now=now)\n",
        "",
        (
            f"{REPLAYS}::test_a_database_from_before_the_replay_does_not_end_what_it_may_have_bought",
        ),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "replay: of a restored row that is in flight again too",
        "        _lose_again(attempt, now)\n",
        "        pass\n",
        (
            f"{REPLAYS}::test_a_database_from_before_the_replay_does_not_end_what_it_may_have_bought",
        ),
        "orders/sending/record_outcome.py",
    ),
    Guard(
        "restore: a send that was taken comes before one that was lost",
        "send.form_key in taken and _ended_as(send, None, Outcome.UNKNOWN)",
        "send.form_key in taken and False",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_of_two_forgotten_sends_the_one_that_was_taken_counts",
        ),
        "orders/sending/restore_check/forgotten_sends.py",
    ),
    Guard(
        "restore: a number that was given since is offered where the earlier try ends",
        "    reopen.note_taken_since(order, external_id)\n",
        "",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_a_number_that_was_given_since_counts_once_the_earlier_try_is_not_there",
        ),
        "orders/sending/restore_check/list_unmatched.py",
    ),
    Guard(
        "restore: a second send that nobody heard of keeps its order from being queued again",
        "            raise_live_attempt(order, now=now)\n",
        "            raise_flag(order, Flag.LIVE_ATTEMPT)\n",
        (
            "orders/tests/restores/test_taken_since.py"
            "::test_where_both_answers_are_lost_the_second_send_is_told_of_and_not_sent_over",
        ),
        "orders/sending/restore_check/list_unmatched.py",
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
    ),
    Guard(
        "refill: requested not long ago, the one whose answer was lost may be under way",
        "    if _says_it_is_there(refill, said, now):",
        "    if False:",
        (
            "orders/tests/aftersales/test_lost_refills.py"
            "::test_a_lost_one_that_was_requested_not_long_ago_stays_in_doubt",
        ),
        "orders/aftersales/refill_sends.py",
    ),
    Guard(
        "refill: taken back or closed only where the page has shown it",
        "    if seen != refill.shown:  # what is taken back as waiting is not closed in doubt",
        "    if False:",
        (
            "orders/tests/aftersales/test_old_buttons.py"
            "::test_withdraw_of_a_waiting_refill_does_not_close_one_in_doubt",
        ),
        "orders/aftersales/views.py",
    ),
    Guard(
        "bulk: another refill is asked for after those only that the confirmation knew",
        "    if not shown_refills.is_as_shown(",
        "    if False and not shown_refills.is_as_shown(",
        (
            "orders/tests/bulk/test_shown_refills.py"
            "::test_two_tabs_ask_for_one_refill_although_the_first_has_ended",
        ),
        "orders/bulk/apply_step.py",
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
    ),
    Guard(
        "restore: a search writes to no other send that was given its number",
        "            started_at__in={row.started_at for row in rows},\n",
        "",
        (
            "orders/tests/restores/test_searched_numbers.py"
            "::test_a_later_claim_of_the_same_order_is_another_send",
        ),
        "orders/models/attempt.py",
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
    ),
    Guard(
        "restore: a refill that was taken back since may have been sent all the same",
        "    if stands not in (None, RefillStatus.WITHDRAWN):",
        "    if stands is not None:",
        (
            "orders/tests/restores/test_recalled_calls.py"
            "::test_a_refill_that_was_taken_back_since_is_given_back_its_send",
        ),
        "orders/sending/restore_check/recalled_requests.py",
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
    ),
    Guard(
        "matching: an order counted as not there may own an id",
        '    return [*rows.filter(OPEN_STILL).order_by("pk"), *twice.order_by("pk"), *decided]',
        '    return [*rows.filter(OPEN_STILL).order_by("pk"), *twice.order_by("pk")]',
        (
            f"{SHARED}::test_an_id_that_may_be_an_order_not_there_goes_to_no_other_lost_one",
            f"{SHARED}::test_a_row_of_the_list_that_may_be_an_order_not_there_goes_to_no_other"
            "_lost_one",
        ),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "matching: an order bought twice may own a second id",
        "twice = rows.filter(outcome=Outcome.ACCEPTED, order__flag=Flag.BOUGHT_TWICE)",
        "twice = rows.none()",
        (f"{SHARED}::test_what_may_be_the_second_of_an_order_bought_twice_is_given_to_no_other",),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "matching: what left while the provider was asked may own an id",
        "OPEN_STILL = Q(outcome__in=(Outcome.IN_FLIGHT, Outcome.UNKNOWN))",
        "OPEN_STILL = Q(outcome__in=(Outcome.UNKNOWN,))",
        (f"{SHARED}::test_an_order_that_left_while_the_provider_was_asked_may_own_an_id_too",),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "matching: an id that an answer has named is that orders too",
        "return is_named or self.fits(external_id, said)",
        "return self.fits(external_id, said)",
        (f"{SHARED}::test_an_id_that_another_orders_own_answer_has_named_is_not_given_away",),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "id in the answer: nothing in it speaks against it",
        "    if named_without_a_word_against_it(attempt.evidence) != named:",
        "    if not named:",
        (f"{NAMED}::test_an_id_beside_an_error_is_shown_and_not_linked",),
        "orders/recovery/search/answer_ids.py",
    ),
    Guard(
        "polling: a flag of this moment is not written over",
        "found = {pk: (status, flag) for pk, status, flag in rows}",
        "found = {pk: (status, self.as_read[pk][1]) for pk, status, flag in rows}",
        (f"{POLLS}::test_a_flag_that_is_raised_while_its_answer_was_read_stays",),
        "orders/polling/write_answers.py",
    ),
    Guard(
        "polling: what was overtaken stays due",
        "self.schedules = [entry for entry in self.schedules if entry[-1] not in lost]",
        "pass",
        (f"{POLLS}::test_an_answer_that_was_overtaken_is_taken_over_when_it_comes_again",),
        "orders/polling/write_answers.py",
    ),
    Guard(
        "files on disk: sends of the release before are known",
        'line.get("payload", line.get("wish"))',
        'line["payload"]',
        (f"{FORMATS}::test_the_send_journal_of_each_release_is_read",),
        "orders/sending/writes/sent_lines.py",
    ),
    Guard(
        "files on disk: answers of the release before are taken in",
        'name = "send_outcome" if "send_outcome" in written else "settlement"',
        'name = "send_outcome"',
        (f"{FORMATS}::test_the_kept_answer_of_each_release_is_read",),
        "orders/sending/outcome.py",
    ),
    Guard(
        "id in the answer: no other answer names it",
        "    if any(plain in names_of(one) for one in others):",
        "    if not others:",
        (f"{NAMED}::test_an_id_that_two_answers_have_named_is_linked_to_neither",),
        "orders/recovery/search/answer_ids.py",
    ),
    Guard(
        "id in the answer: no older one",
        "    return _is_newer(run, attempt, named)\n",
        "    return True\n",
        (f"{NAMED}::test_an_older_id_than_our_last_one_is_not_linked",),
        "orders/recovery/search/answer_ids.py",
    ),
    Guard(
        "id in the answer: it costs what was ordered",
        "    if id_range.fits(attempt.order, said) is False or not",
        "    if not",
        (f"{NAMED}::test_an_order_that_cost_something_else_is_shown_and_not_linked",),
        "orders/recovery/search/answer_ids.py",
    ),
    Guard(
        "doubting a decision: what is seen counts when the later try has ended",
        "        note_seen(attempt, external_id)\n",
        "",
        (f"{SHARED}::test_what_was_seen_counts_once_the_later_try_has_bought_nothing",),
        "orders/recovery/search/contradictions.py",
    ),
    Guard(
        "doubting a decision: one that is under way stops no other",
        '        raise_unless_broken(error, "one_live_attempt_per_order")\n',
        "        raise\n",
        (
            f"{SHARED}::test_a_try_that_begins_this_moment_keeps_no_other_decision_from_being"
            "_doubted",
        ),
        "orders/recovery/search/contradictions.py",
    ),
    Guard(
        "matching: only what is forced",
        "    return len(_matching({**owners, candidate: others})) < len(owners)",
        "    return len(others) < len(owners[candidate])",
        ("orders/tests/recovery/test_matching.py::test_what_is_proven",),
        "orders/recovery/search/match_ids.py",
    ),
    Guard(
        "matching: the price has to fit",
        "            and fits(self.attempt.order, said) is not False\n",
        "",
        (f"{SEARCH}::test_the_price_tells_two_lost_orders_apart",),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "limits: what has left counts before all that waits",
        "others.filter(Q(pk__lt=order.pk) | Q(status__in=sorted(MAY_HAVE_COST)))",
        "others.filter(pk__lt=order.pk)",
        (
            "orders/tests/limits/test_spending.py"
            "::test_what_became_dearer_does_not_leave_on_top_of_what_was_placed_later",
        ),
        "orders/limits/spending.py",
    ),
    Guard(
        "ids: a price that moved unread gives no order another's id",
        "    if matched.foreign or not any(moves.values()):\n        return matched\n",
        "    if moves is not None:\n        return matched\n",
        (f"{MOVING}::test_a_price_that_moved_unread_makes_no_lost_order_look_like_another",),
        "orders/recovery/search/prices/moved_prices.py",
    ),
    Guard(
        "ids: a catalog proves nothing of a number that it may be older than",
        'id_range.attempt.waited_seconds - float(row["seen_after"]) >= LAG',
        'float(row["seen_after"]) >= 0',
        (f"{KNOWN}::test_a_catalog_that_may_be_older_than_the_number_tells_nothing",),
        "orders/recovery/search/prices/price_wait.py",
    ),
    Guard(
        "ids: what is not charged as listed tells no price",
        "if not all(one.is_as_listed for one in before):",
        "if not before:",
        (f"{KNOWN}::{UNKNOWN_PRICE}[cheaper_than_listed]",),
        "orders/recovery/search/prices/price_proof.py",
    ),
    Guard(
        "ids: two sights of a price are near each other",
        "if not timedelta(0) <= until - since <= timedelta(seconds=clocks.STEADY_WITHIN_SECONDS):",
        "if until < since:",
        (f"{KNOWN}::{UNKNOWN_PRICE}[long_before]",),
        "orders/recovery/search/prices/price_proof.py",
    ),
    Guard(
        "ids: what may have been given back tells no cost",
        "return starts_others(order) or said.status is None or said.status in REDUCED",
        "return said.status in REDUCED",
        (
            f"{MISLEADING}::test_a_charge_may_have_been_lowered_where_the_word_beside_it_is_unknown",
            f"{MISLEADING}::test_what_is_paid_run_by_run_has_no_charge_yet",
        ),
        "orders/recovery/search/id_range.py",
    ),
    Guard(
        "ids: a number that got an owner meanwhile decides nothing",
        "for one, said in candidates.items() if one not in taken}",
        "for one, said in candidates.items()}",
        (
            "orders/tests/recovery/test_linked_meanwhile.py"
            "::test_a_number_that_is_linked_while_the_catalog_is_read_is_nobodys_any_more",
        ),
        "orders/recovery/search/decide_owners.py",
    ),
    Guard(
        "ids: one number however it is spelled",
        "provider__in=rows, external_id__in=spellings(ids))",
        "provider__in=rows, external_id__in=ids)",
        (f"{SPELLED}::test_an_id_is_taken_however_it_was_stored",),
        "orders/recovery/search/id_range.py",
    ),
    Guard(
        "ids: a person links a number as the provider writes it",
        "external_id, said = _as_known(client, external_id)",
        "said = _ask(client, external_id)",
        (f"{SPELLED}::test_two_orders_are_not_linked_to_one_that_is_typed_in_two_ways",),
        "orders/recovery/link_orders.py",
    ),
    Guard(
        "ids: nor does an answer give away another spelling of one",
        "elsewhere = Q(provider__in=others) | other_spelling",
        "elsewhere = Q(provider__in=others)",
        (
            f"{SPELLED}::test_a_send_that_is_answered_with_the_id_of_another_order_is_shown_to_a_person",
        ),
        "orders/sending/reused_id.py",
    ),
    Guard(
        "ids: how an account was charged under another key tells nothing",
        "        provider_version=attempt.provider_version,\n",
        "",
        (f"{KNOWN}::{UNKNOWN_PRICE}[charged_under_another_key]",),
        "orders/recovery/search/prices/price_proof.py",
    ),
    Guard(
        "ids: prices that a catalog told since then count too",
        "[order.rate, *_news(order, since, now)]",
        "[order.rate]",
        (f"{KNOWN}::{UNKNOWN_PRICE}[held]",),
        "orders/recovery/search/prices/price_proof.py",
    ),
    Guard(
        "ids: what may be charged less than it costs tells no price",
        "return self.attempt.resolution == Resolution.NONE and is_whole",
        "return self.attempt.resolution == Resolution.NONE",
        (
            f"{MISLEADING}"
            "::test_a_later_order_that_may_be_charged_less_than_it_costs_tells_no_price",
        ),
        "orders/recovery/search/prices/price_proof.py",
    ),
    Guard(
        "ids: a price may have moved of those that are not searched for too",
        "        or not (is_closed or has_more_left(order, said))\n",
        "",
        (
            f"{MOVING}"
            "::test_what_may_be_one_that_is_not_searched_for_had_its_price_moved_is_no_others",
        ),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "ids: a price that was told puts what counts as not there in doubt",
        "contradictions.offered(sends, able, matched)",
        "contradictions.offered(sends, edges, matched)",
        (f"{KNOWN}::test_who_may_have_it_at_a_price_that_was_told_and_is_over_is_named",),
        "orders/recovery/search/find_lost.py",
    ),
    Guard(
        "search: an answer that came after the wait was asked for before it",
        "            if attempt.pk not in at_last:\n                moment = self._next_moment(",
        "            if moment := self._next_moment(attempt, asked_at, attempt.calls):\n"
        "                moment = self._next_moment(",
        (f"{CLOCKS}::test_a_search_that_was_asked_before_the_wait_was_over_is_not_the_last_one",),
        "orders/recovery/search/find_lost.py",
    ),
    Guard(
        "search: no range shows what an answer has named and another order has",
        "odd = claimed(account, list(known)) if known else set()",
        "odd = set[str]()",
        (
            f"{CLOSING}"
            "::test_an_order_whose_answer_names_an_id_of_another_order_is_not_shown_not_to_be_there",
        ),
        "orders/recovery/search/id_owners.py",
    ),
    Guard(
        "search: no range shows what an answer has named elsewhere",
        "if named := named_elsewhere(attempt, id_range, self.run.rows):",
        "if named := str():",
        (
            f"{CLOSING}::test_an_order_whose_answer_names_an_id_elsewhere_is_not_shown_not_to_be_there",
        ),
        "orders/recovery/search/find_lost.py",
    ),
    Guard(
        "search: what orders have started is as new as what is found",
        "        batch = [*self.own, *part, *self.rest]\n",
        "        self.rest = [] if self.seen.calls else self.rest\n"
        "        batch = [*self.own, *part, *self.rest]\n",
        (
            "orders/tests/recovery/test_asking_ids.py"
            "::test_what_a_drip_feed_starts_between_two_questions_is_no_candidate",
        ),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: what turns up as a lost drip-feed is asked along from then on",
        "            calls.rest += [one for one in part if one in seen.candidates]",
        "            calls.rest += []",
        (
            "orders/tests/recovery/test_asking_ids.py"
            "::test_what_a_lost_drip_feed_starts_between_two_questions_is_no_candidate",
        ),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: what a drip-feed may have started without a word is nobody's",
        "    if parents.are_named or not silent:",
        "    if silent or not silent:",
        (
            f"{CLOSING}"
            "::test_an_order_whose_provider_names_nothing_that_a_drip_feed_starts_goes_to_a_person",
        ),
        "orders/recovery/search/ask_ids.py",
    ),
    Guard(
        "search: what is lost may have started others",
        "for order in running), *sorted(may_be)]",
        "for order in running)]",
        (
            f"{CLOSING}"
            "::test_what_a_drip_feed_that_is_lost_itself_has_started_is_not_taken_for_another_lost_order",
        ),
        "orders/recovery/search/id_range.py",
    ),
    Guard(
        "list: no row shows what an answer has named elsewhere",
        "    if names_of(attempt):\n        return False",
        "    if attempt is None:\n        return False",
        (f"{LISTS}::test_an_order_whose_answer_has_named_a_number_is_not_shown_not_to_be_there",),
        "orders/recovery/search/provider_list.py",
    ),
    Guard(
        "link: what was told apart together is linked together",
        "together = [links] if resolution is Resolution.MATCH else [[link] for link in links]",
        "together = [[link] for link in links]",
        (
            "orders/tests/recovery/test_contradictions.py"
            "::test_none_is_linked_where_the_last_of_those_told_apart_together_is_decided_otherwise",
        ),
        "orders/recovery/resolve.py",
    ),
    Guard(
        "list: another charge for our link is only doubtful",
        "return Likeness.MAY_BE if may_have_moved else Likeness.IS_NOT",
        "return Likeness.IS_NOT",
        (f"{MOVING}::test_a_row_of_a_list_for_our_link_at_another_price_may_be_ours",),
        "orders/recovery/search/list_rows.py",
    ),
    Guard(
        "search: a price that moved is no contradiction",
        "    low, high = costs_of(order)\n",
        "    low = order.estimate\n    high = low\n",
        (f"{MOVING}::test_a_lost_order_is_found_although_its_price_moved_since_it_was_placed",),
        "orders/recovery/search/id_range.py",
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
    ),
    Guard(
        "journal: a line is on disk as a whole",
        "if os.write(descriptor, text) < len(text):",
        "if not os.write(descriptor, text):",
        (
            "orders/tests/sending/test_high_water_mark.py"
            "::test_nothing_is_sent_whose_line_the_disk_has_taken_in_part",
        ),
        "core/durable_files.py",
    ),
    Guard(
        "leases: two readings of one clock",
        "    return now + timedelta(seconds=most_seconds + READINGS_APART_SECONDS)",
        "    return now + timedelta(seconds=most_seconds)",
        ("core/tests/test_leases.py::test_a_lease_is_not_taken_by_who_read_the_clock_before",),
        "core/clocks.py",
    ),
)

GUARDS = (*INDEXES, *LINES)
