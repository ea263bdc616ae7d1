"""A worker is killed at every named place, before providers that behave in every way.

`modes` are the ways of the provider, `places` the places of the crash, `expected` derives from
both where the order must end, `walk` does it with a real process, a real database and a real
sandbox. `python -m tests.failpoints --all` prints the whole table.
"""
