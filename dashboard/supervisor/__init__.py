"""`manage.py up`: every process of the desk under one roof, on one machine.

Nothing in here imports Django, so that the process which watches over the others stays small.
"""
