"""Each guard is taken out, one at a time, and a named test has to notice: `python -m tests.guards`.

`table` is the list, `__main__` makes a scratch copy of the project and takes them out there.
"""
