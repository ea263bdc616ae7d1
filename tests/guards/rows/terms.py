"""The terms, rules and limits under which an order may leave."""

from __future__ import annotations

from tests.guards.guard import Guard

CURRENCY = "orders/tests/limits/test_other_currency.py"
MOVED = "orders/tests/sending/test_moved_accounts.py"
HALTS = "orders/tests/sending/test_halts.py"
REFUNDS = "orders/tests/reconciliation/test_refunds.py"
SETTLING = "orders/tests/recovery/test_decisions.py"
SPENDING = "orders/tests/limits/test_spending.py"
TERMS = "orders/tests/limits/test_terms.py"


GUARDS = (
    Guard(
        "claim: not by the catalog of another address",
        "return active.filter(version=version, moved_at=None).exists()",
        "return active.filter(version=version).exists()",
        (
            "orders/tests/sending/test_moved_accounts.py::test_nothing_is_ordered_there_by_the_catalog_of_another_place",
        ),
        "orders/sending/writes/pre_send.py",
        items=(20,),
    ),
    *(
        Guard(
            f"moved: {what} asked about by an old number",
            old,
            new,
            (
                "orders/tests/sending/test_moved_accounts.py::test_nothing_there_is_asked_about_by_its_old_number_before_the_catalog_is_read",
            ),
            path,
        )
        for what, old, new, path in (
            (
                "no account has an order",
                "        .filter(moved_at=None)\n        .exclude(pk__in=busy",
                "        .exclude(pk__in=busy",
                "orders/sending/sweep_due.py",
            ),
            (
                "no account has a refill",
                ".filter(provider__moved_at=None)",
                "",
                "orders/aftersales/poll_refills.py",
            ),
            (
                "no account has an ended order",
                "provider__in=accounts.filter(moved_at=None)",
                "provider__in=accounts",
                "orders/polling/recheck_ended.py",
            ),
            (
                "no order is",
                "    if provider.moved_at is not None:\n        return PollCycle()",
                "    if False:\n        return PollCycle()",
                "orders/polling/poll_cycle.py",
            ),
            (
                "no refill is",
                "    if provider.moved_at is not None:\n        return 0  #",
                "    if False:\n        return 0  #",
                "orders/aftersales/runs.py",
            ),
            (
                "no ended order is",
                "    if provider.moved_at is not None:\n        return 0  #",
                "    if False:\n        return 0  #",
                "orders/polling/recheck_ended.py",
            ),
        )
    ),
    Guard(
        "moved: a catalog of the place before, begun by a clock that was ahead, ends no wait",
        "provider=provider, state__in=(RunState.RUNNING, RunState.HELD)",
        "provider=provider, state=RunState.HELD",
        (f"{MOVED}::test_a_catalog_of_the_place_before_ends_no_wait_whatever_a_clock_says",),
        "providers/actions/accounts.py",
        items=(20,),
    ),
    Guard(
        "moved: a catalog that was asked of the place before ends no wait",
        "pk=run.provider_id, version=run.provider.version)",
        "pk=run.provider_id)",
        (f"{MOVED}::test_a_catalog_that_is_fetched_while_the_account_is_moved_ends_no_wait",),
        "providers/actions/catalog/runs.py",
        items=(20,),
    ),
    Guard(
        "moved: no order is linked by its number",
        "    if order.provider.moved_at is not None:\n        raise",
        "    if False:\n        raise",
        (f"{MOVED}::test_a_person_links_no_order_by_its_number_there",),
        "orders/recovery/link_orders.py",
        items=(12, 20),
    ),
    Guard(
        "moved: what was sent before a restore is not asked about by an old number",
        "    if Provider.objects.filter(pk=provider.pk).exclude(moved_at=None).exists():",
        "    if False:",
        (
            "orders/tests/restores/test_comparing.py"
            "::test_an_account_that_was_moved_is_not_asked_by_old_numbers_before_its_catalog_is_read",
        ),
        "orders/restores/compare_accounts.py",
        items=(20,),
    ),
    Guard(
        "terms: of one that was refused or taken back, and may be sent once more",
        '"not_placed", "rejected", "withdrawn")',
        '"not_placed")',
        (f"{CURRENCY}::test_so_are_those_that_may_be_sent_once_more",),
        "orders/migrations/0056_currency_of_waiting_orders.py",
        items=(20,),
    ),
    Guard(
        "claim: the terms, the rules and the limits as they are now",
        "if reason := check_limits.why_hold(order, service, now):",
        'if reason := "":',
        (f"{TERMS}::test_the_claim_reads_the_service_in_its_own_transaction",),
        "orders/sending/claims.py",
        items=(20,),
    ),
    Guard(
        "claim: the price that was checked is the one it leaves at",
        "agree_terms.dearer_since(order, service)",
        "agree_terms.dearer_since(order, agree_terms.service_now(order))",
        (f"{TERMS}::test_the_price_with_which_it_leaves_is_the_one_that_was_checked",),
        "orders/sending/claims.py",
        items=(20,),
    ),
    Guard(
        "terms: a price that nobody knew covers none that is known by now",
        "        return now is not None\n",
        "        return False\n",
        (
            "orders/tests/bulk/test_left_out.py"
            "::test_a_price_that_nobody_knew_covers_none_that_is_known_by_now",
        ),
        "orders/terms.py",
        items=(20,),
    ),
    Guard(
        "terms: a price in another currency is another price",
        'not _same_currency(agreed.currency, now.currency or "")',
        "False",
        (
            f"{CURRENCY}::test_an_order_that_waits_does_not_leave_at_a_price_in_another_currency",
            f"{CURRENCY}::test_lines_that_are_being_placed_are_not_placed_in_another_currency",
            f"{CURRENCY}::test_a_job_that_was_confirmed_in_another_currency_buys_nothing",
        ),
        "orders/terms.py",
    ),
    Guard(
        "terms: the currency is one of them",
        "            currency=service.provider.currency,\n",
        "",
        (
            f"{CURRENCY}::test_a_form_that_had_shown_another_currency_is_asked_about_again",
            f"{CURRENCY}::test_an_estimate_for_many_in_another_currency_starts_nothing",
            f"{CURRENCY}::test_who_was_shown_the_old_currency_agrees_to_no_other",
        ),
        "orders/terms.py",
    ),
    Guard(
        "terms: those that were kept without a currency are read",
        'kept.keys() | {"currency"} != LABELS.keys()',
        "kept.keys() != LABELS.keys()",
        (f"{CURRENCY}::test_terms_of_a_release_that_knew_of_no_currency_are_still_compared",),
        "orders/terms.py",
    ),
    Guard(
        "terms: what an older release has shown is placed in a currency that is kept",
        "replace(agreed, currency=self.service.provider.currency)",
        "agreed",
        (f"{CURRENCY}::test_lines_of_an_older_release_become_orders_that_know_their_currency",),
        "orders/draft.py",
    ),
    Guard(
        "mass: the currency in which the lines were shown",
        '"cost", "service__provider__currency"),',
        '"cost"),',
        (f"{CURRENCY}::test_lines_that_were_shown_in_another_currency_are_not_placed",),
        "orders/mass/mass_order.py",
    ),
    Guard(
        "limits: the page says in which currency a limit holds nothing",
        "[(limit, limit.currency in in_use) for limit in limits]",
        "[(limit, True) for limit in limits]",
        (f"{CURRENCY}::test_the_page_of_limits_says_which_currency_a_limit_no_longer_holds",),
        "orders/limits/views.py",
    ),
    Guard(
        "placing: the terms that were shown",
        "if Terms.of(service) != Terms.of(draft.service):",
        "if Terms.of(service) is None:",
        (f"{TERMS}::test_a_service_that_changes_during_the_click_is_asked_about_again",),
        "orders/placing/place_orders.py",
        items=(20,),
    ),
    Guard(
        "people: what may cost any amount takes two",
        "(most is None or most >= limit)",
        "(most is not None and most >= limit)",
        (f"{SETTLING}::test_an_order_that_may_cost_any_amount_takes_two_people",),
        "orders/recovery/not_placed.py",
        items=(20,),
    ),
    Guard(
        "halt: what may cost any amount is over each limit",
        'if Order.objects.without_bound().filter(pk__in=open_ones.values("order")).exists():',
        "if not lost:",
        (f"{HALTS}::test_a_lost_order_that_may_cost_any_amount_is_over_each_limit",),
        "orders/sending/halts.py",
        items=(20,),
    ),
    Guard(
        "limits: the row of the day is taken before what leaves on it is added up",
        '    SpendDay.objects.filter(pk=row.pk).update(turns=F("turns") + 1)\n',
        "",
        (
            f"{SPENDING}::test_eight_orders_at_the_same_moment_are_one",
            f"{SPENDING}::test_two_that_leave_after_midnight_at_once_are_one",
        ),
        "orders/limits/spending.py",
        items=(21,),
        on_postgresql=True,
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
        items=(21,),
    ),
    Guard(
        "charge: a canceled order with its full price is flagged",
        "Anomaly(AnomalyCode.CHARGE_KEPT, text, evidence, Flag.CHARGE_DIFFERS)",
        "Anomaly(AnomalyCode.CHARGE_KEPT, text, evidence)",
        (f"{REFUNDS}::test_a_canceled_order_that_keeps_its_price_is_never_without_a_remark",),
        "orders/polling/final_charge.py",
        items=(36,),
    ),
    Guard(
        "limits: scheduled counts on the day it is to leave",
        "        spend_day=desk_day(starts_at or now),",
        "        spend_day=desk_day(now),",
        (
            f"{SPENDING}::test_scheduled_orders_count_on_the_day_they_leave",
            f"{SPENDING}::test_of_ten_scheduled_for_one_day_one_is_bought",
        ),
        "orders/placing/insert_order.py",
        items=(21,),
    ),
    Guard(
        "limits: what leaves after midnight is asked about on the new day",
        "    today = desk_day(now)\n",
        "    today = order.spend_day or desk_day(now)\n",
        (f"{SPENDING}::test_what_leaves_after_midnight_counts_on_the_new_day",),
        "orders/limits/spending.py",
        items=(21,),
    ),
    Guard(
        "limits: what has left after midnight counts on the new day",
        "sent_at=now, spend_day=day, **price",
        "sent_at=now, **price",
        (f"{SPENDING}::test_what_left_after_midnight_is_no_longer_free_on_that_day",),
        "orders/sending/claims.py",
        items=(21,),
    ),
    Guard(
        "terms: the page says where it has not looked at all that are queued",
        "len(rows) > MOST_QUEUED",
        "False",
        (
            "orders/tests/limits/test_coming_terms.py"
            "::test_the_page_says_that_it_looks_at_the_first_queued_orders_alone",
        ),
        "orders/placing/terms_views.py",
        items=(24,),
    ),
)
