"""What an order costs in the end, what comes back, and what the balance says of it."""

from __future__ import annotations

from tests.guards.guard import Guard

PLAUSIBILITY = "orders/tests/polling/test_plausibility.py"
RECONCILING = "orders/tests/reconciliation/test_reconciling.py"
REFUNDS = "orders/tests/reconciliation/test_refunds.py"


GUARDS = (
    Guard(
        "charge: a charge that was kept",
        "    if keeps_price(order, end, style):\n        return _kept",
        "    if False:\n        return _kept",
        (f"{REFUNDS}::test_a_canceled_order_costs_nothing_where_the_refund_comes_apart",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a charge that was lowered is not refunded twice",
        "    if _fits(order, end, allowed):\n        return False\n",
        "",
        (f"{REFUNDS}::test_a_charge_that_was_lowered_all_the_same_is_not_refunded_twice",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a higher last charge is not given back",
        "return paid is None or end.charge >= paid - _room(order, end, allowed)",
        "return False",
        (f"{REFUNDS}::test_a_canceled_order_costs_nothing_where_the_refund_comes_apart",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: what cannot be told is flagged",
        "Anomaly(AnomalyCode.REFUND_UNKNOWN, text, evidence, Flag.CHARGE_DIFFERS)",
        "Anomaly(AnomalyCode.REFUND_UNKNOWN, text, evidence)",
        (f"{REFUNDS}::test_what_cannot_be_told_is_left_and_flagged",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: remains that cannot be believed",
        "    if units is None or remains is None or not is_told:\n        return None\n",
        "    if units is None or remains is None:\n        return None\n",
        (f"{REFUNDS}::test_what_cannot_be_told_is_left_and_flagged",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a final charge that does not fit",
        "    return FinalCharge(anomaly=_misfit(order, end, allowed))\n\n\ndef keeps",
        "    return FinalCharge()\n\n\ndef keeps",
        (f"{PLAUSIBILITY}::test_the_final_charge_is_held_against_what_was_delivered",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a partial order with its whole price",
        "    if style != RefundStyle.APART and allowed and end.status == Status.PARTIAL:",
        "    if False:",
        (f"{REFUNDS}::test_a_partial_order_with_its_whole_price_is_flagged_elsewhere",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: where no number is fixed",
        "    if order.units is None or order.rate is None or not _is_by_units(order):\n"
        "        return []\n"
        "    believable",
        "    if order.units is None or order.rate is None:\n        return []\n    believable",
        (
            f"{PLAUSIBILITY}::test_what_a_part_costs_is_not_known_where_the_whole_is_not_paid_by_units",
        ),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: runs of a drip-feed that were canceled",
        ", *_charges_of_parts(order, end)]",
        "]",
        (
            "orders/tests/polling/test_charges_of_parts.py::test_what_its_runs_delivered_at_the_agreed_price_is_right",
        ),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a first charge above the estimate",
        "    if highest is None or charge <= highest or not is_alarming(highest, charge):",
        "    if True:",
        (f"{PLAUSIBILITY}::test_a_first_charge_above_the_estimate_is_flagged_at_once",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "charge: a subscription is paid as it goes",
        "    if order.type in SUBSCRIPTIONS:\n        return []\n",
        "",
        (f"{PLAUSIBILITY}::test_where_no_number_is_fixed_only_the_whole_is_compared",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "refunds: nothing before staff have said how",
        "    if style == RefundStyle.UNKNOWN:\n        return 0\n",
        "",
        (f"{REFUNDS}::test_what_was_booked_stays_where_nobody_says_any_more_how_it_is",),
        "orders/reconciliation/refunds.py",
        items=(36,),
    ),
    Guard(
        "refunds: gone through again where one was broken",
        "    if not broken:  # else",
        "    if True:  # else",
        (
            "orders/tests/sending/test_poison_rows.py::test_a_refund_that_cannot_be_booked_keeps_no_other_from_it",
        ),
        "orders/reconciliation/refunds.py",
        items=(36,),
    ),
    Guard(
        "refunds: once",
        "Order.objects.filter(pk=order.pk, refund=None, charge=order.charge)",
        "Order.objects.filter(pk=order.pk)",
        (f"{REFUNDS}::test_a_refund_that_somebody_booked_meanwhile_is_not_booked_again",),
        "orders/reconciliation/refunds.py",
        items=(36,),
    ),
    Guard(
        "refunds: a refund in the statement",
        "            charges.entry(order, -refund, *interval_of_end(order)).save()",
        "            pass",
        (f"{REFUNDS}::test_the_refund_is_a_refund_of_the_statement_and_not_money_put_in",),
        "orders/reconciliation/refunds.py",
        items=(36,),
    ),
    Guard(
        "refunds: a wrong word of staff is booked the other way round",
        "        charges.entry(order, refund, *interval_of_end(order)).save()\n        raise",
        "        raise",
        (f"{REFUNDS}::test_a_wrong_word_of_staff_can_be_taken_back",),
        "orders/reconciliation/refunds.py",
        items=(36,),
    ),
    Guard(
        "refunds: proposed where orders agree",
        'if is_seen and not figures["lowered"] else ""',
        'if is_seen else ""',
        (f"{REFUNDS}::test_lowered_charges_propose_lowered_and_both_propose_nothing",),
        "orders/reconciliation/refund_evidence.py",
        items=(36,),
    ),
    Guard(
        "refunds: proposed where the balance shows it",
        "    is_seen = figures[CAME_BACK] and not figures[STAYED_AWAY]",
        '    is_seen = figures["kept"]',
        (f"{REFUNDS}::test_a_balance_that_does_not_rise_proposes_nothing",),
        "orders/reconciliation/refund_evidence.py",
        items=(36,),
    ),
    Guard(
        "ledger: of two that make a day the first stays",
        "Statement.objects.filter(pk=statement.pk, made_at=statement.made_at)",
        "Statement.objects.filter(pk=statement.pk)",
        (f"{RECONCILING}::test_of_two_that_make_a_day_at_once_the_first_stays",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: missing money is a case",
        "    if beyond < 0:\n        return StatementState.DIFFERS\n",
        "",
        (f"{RECONCILING}::test_missing_money_opens_a_case_with_its_numbers",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: another currency is not compared",
        "len(self.readings) > 1 and len(self.currencies) < 2",
        "len(self.readings) > 1",
        (f"{RECONCILING}::test_another_currency_cannot_be_compared",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: a gap falls between no two days",
        "        amount=last.closing,\n",
        "        amount=first.amount,\n",
        (f"{RECONCILING}::test_days_hang_together_and_a_gap_falls_between_none",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: a loss behind a jump",
        "    if not told:\n        came = jumps_up(",
        "    if True:\n        came = jumps_up(",
        (f"{RECONCILING}::test_staff_say_what_was_put_in_and_the_loss_behind_the_jump_shows",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: what is learned later",
        "        _doubtful(provider, now),\n",
        "        [],\n",
        (f"{RECONCILING}::test_what_is_learned_later_closes_the_case",),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "ledger: an empty list names the days before that nobody could compare",
        "    return Counted(until, never, untold.count(), risen.count() - looked_at.count())",
        "    return Counted(until, never)",
        (
            "orders/tests/reconciliation/test_reconciliation_pages.py"
            "::test_an_empty_list_names_the_days_before_that_nobody_could_compare",
        ),
        "orders/reconciliation/reconcile.py",
        items=(36,),
    ),
    Guard(
        "days left: the step from one account to another is no fall",
        "        is_here,\n",
        "",
        (
            "providers/tests/test_days_left.py"
            "::test_the_step_from_one_account_at_a_panel_to_another_is_no_fall",
        ),
        "providers/days_left.py",
    ),
)
