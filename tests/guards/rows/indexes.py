"""What the database itself refuses: the indexes and constraints."""

from __future__ import annotations

from tests.guards.guard import Guard

EACH = "orders/tests/sending/test_each_guard.py"
HALTS = "orders/tests/sending/test_halts.py"
INVARIANTS = "orders/tests/sending/test_invariants.py"
SENDING = "orders/tests/sending/test_send_orders.py"

GUARDS = (
    Guard(
        "index: one live attempt an order",
        'name="one_live_attempt_per_order"',
        'migrations.RemoveConstraint("attempt", "one_live_attempt_per_order")',
        (
            f"{EACH}::test_an_order_has_one_live_attempt",
            f"{SENDING}::test_an_order_queued_although_an_attempt_is_live_is_flagged_not_sent",
        ),
        items=(1,),
    ),
    Guard(
        "index: a doubt has its moment",
        'name="unknown_since_is_known"',
        'migrations.RemoveConstraint("attempt", "unknown_since_is_known")',
        (f"{INVARIANTS}::test_the_database_takes_no_doubt_of_which_nobody_knows_since_when",),
        items=(1,),
    ),
    Guard(
        "index: one send in flight an account",
        'name="one_send_in_flight_per_provider"',
        'migrations.RemoveConstraint("attempt", "one_send_in_flight_per_provider")',
        (f"{EACH}::test_an_account_has_one_send_in_flight",),
        items=(12,),
    ),
    Guard(
        "index: a number of the provider once",
        'name="external_id_once_per_provider"',
        'migrations.RemoveConstraint("order", "external_id_once_per_provider")',
        (f"{SENDING}::test_an_id_that_is_already_ours_is_unconfirmed_and_overwrites_nothing",),
        items=(9,),
    ),
    Guard(
        "index: a form key once",
        'default=uuid.uuid4, unique=True, editable=False, db_column="submission"',
        'migrations.AlterField("order", "form_key", models.UUIDField(db_column="submission"))',
        (f"{EACH}::test_a_form_key_is_one_order",),
        items=(5,),
    ),
    Guard(
        "index: one closed halt before an account",
        'name="one_standing_halt_of_a_kind_per_provider"',
        'migrations.RemoveConstraint("halt", "one_standing_halt_of_a_kind_per_provider")',
        (f"{EACH}::test_a_halt_stands_closed_once_before_an_account",),
        items=(23,),
    ),
    Guard(
        "index: one closed halt before all",
        'name="one_standing_halt_of_a_kind_for_all"',
        'migrations.RemoveConstraint("halt", "one_standing_halt_of_a_kind_for_all")',
        (f"{HALTS}::test_a_halt_is_closed_once_and_its_history_kept",),
        items=(23,),
    ),
)
