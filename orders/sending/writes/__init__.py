"""What every write to a provider has in common: an order, a refill, a cancel, an order replayed.

Claim and commit, check once more when the connection stands, write down outside the database what
is about to leave, keep the answer on disk, record it on a connection that works. `send_clock` tells
the time of a send, `pre_send` are the checks, `recording` is the patience.
"""
