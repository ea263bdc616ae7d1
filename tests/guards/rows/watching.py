"""What tells that something stands still."""

from __future__ import annotations

from tests.guards.guard import Guard

WATCHDOG = "dashboard/tests/test_watchdog.py"


GUARDS = (
    Guard(
        "a desk older than its database says so",
        "found = [*_older_code(), ",
        "found = [",
        ("dashboard/tests/test_watchdog.py::test_a_desk_older_than_its_database_says_so",),
        "dashboard/health/watchdog.py",
        items=(14,),
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
        items=(14,),
    ),
    Guard(
        "watchdog: a search that does not end",
        "    yield from _searched_too_long(account, halts, now)\n",
        "",
        (
            f"{WATCHDOG}::test_a_search_is_told_that_keeps_its_account_halted_for_longer_than_it_takes",
        ),
        "orders/watchdog/overdue.py",
        items=(14,),
    ),
    Guard(
        "what was sent to a database host that has vanished is given up",
        '        "tcp_user_timeout": silent * 1000,\n',
        "",
        (
            "tests/test_vanished_host.py::test_a_host_that_vanishes_is_given_up_in_time_and_without_our_settings_it_is_not",
        ),
        "dashboard/databases/postgresql.py",
        items=(19,),
    ),
    Guard(
        "watchdog: a poll",
        "    Late.POLL,\n",
        "",
        (f"{WATCHDOG}::test_each_kind_of_work_that_stands_still_is_told",),
        "orders/oldest_work.py",
        items=(14,),
    ),
    Guard(
        "watchdog: why an account explains it",
        'trouble = f"{account.name}: {health.label}." if health.is_trouble else ""\n',
        'trouble = ""\n',
        (f"{WATCHDOG}::test_what_the_account_explains_is_told_with_its_reason",),
        "orders/watchdog/overdue.py",
        items=(14, 15),
    ),
    Guard(
        "watchdog: what a stop holds waits on purpose",
        "    if not account.is_active or any(halt.holds(write) for halt in halts):",
        "    if not account.is_active:",
        (f"{WATCHDOG}::test_orders_behind_a_stop_wait_on_purpose",),
        "orders/watchdog/overdue.py",
        items=(14,),
    ),
    Guard(
        "watchdog: a queue that moves does not stand still",
        "    return newest is not None and now - Late.ORDER.limit < newest <= now",
        "    return False",
        (f"{WATCHDOG}::test_a_queue_that_moves_is_not_late_however_long_it_is",),
        "orders/watchdog/overdue.py",
        items=(14,),
    ),
)
