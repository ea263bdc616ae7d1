"""Accounts: how they do, two rows of one, what is learned of them."""

from __future__ import annotations

from tests.guards.guard import Guard

SAME_ACCOUNT = "orders/tests/recovery/test_rows_of_one_account.py"

GUARDS = (
    Guard(
        "accounts: a second row is refused, B9",
        "    if key and (row := row_of(url, fingerprint(key), besides=besides)):",
        "    if not key and (row := row_of(url, fingerprint(key), besides=besides)):",
        (
            "orders/tests/recovery/test_rows_of_one_account.py::test_a_second_row_of_an_account_is_refused",
        ),
        "providers/actions/accounts.py",
        items=(9,),
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
        items=(9,),
    ),
    Guard(
        "halts: what all rows of an account have lost counts",
        "lost = Attempt.objects.filter(provider__in=rows, unknown_at__gt=acknowledged or since)",
        "lost = Attempt.objects.filter(provider=provider, unknown_at__gt=acknowledged or since)",
        (f"{SAME_ACCOUNT}::test_what_both_rows_have_lost_is_counted_together",),
        "orders/sending/halts.py",
        items=(9,),
    ),
    Guard(
        "people: the limit of any row of the account takes two",
        "rules = Recovery.objects.filter(provider__in=rows_of(provider_id))",
        "rules = Recovery.objects.filter(provider=provider_id)",
        (f"{SAME_ACCOUNT}::test_the_narrowest_of_their_limits_asks_for_a_second_person",),
        "orders/recovery/not_placed.py",
        items=(9,),
    ),
    Guard(
        "provider deleted: one that was used",
        "        if words := why_kept(provider):\n            return words\n",
        "",
        (
            "providers/tests/test_deleted_accounts.py"
            "::test_one_that_was_used_stays_and_its_page_says_why",
        ),
        "providers/actions/deleting.py",
        items=(9,),
    ),
)
