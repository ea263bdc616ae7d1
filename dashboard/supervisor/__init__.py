"""`manage.py up`: every process of the desk, on one machine.

Nothing in here imports Django, so that the process which watches over the others stays small.
"""
