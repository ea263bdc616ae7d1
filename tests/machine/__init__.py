"""The desk's promises as a state machine: any order of anything, and the ledger is the truth.

`upstream` is the provider, `desk` what can happen, `promises` what holds after each step, `rules`
lets hypothesis choose. `python -m tests.machine --examples 5000` walks far.
"""
