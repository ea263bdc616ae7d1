"""How much of a request and of an answer the desk keeps in memory, and for how long."""

from __future__ import annotations

MB = 1024 * 1024
MOST_HEAD = 64 * 1024  # bytes of a request before its body
MOST_BODY = 6 * MB  # a longer one is refused by its length, unread
MOST_HELD = 64 * MB  # of all requests together that have not come whole
MOST_UNSENT = 1 * MB  # of one answer; a thread waits only with what is more

REQUEST_SECONDS = 15  # for a request to come whole, and a second more for each
SLOWEST = 10_000  # bytes of it
UNREAD_SECONDS = 20  # an answer of which nobody has taken a byte for so long is given up
LINGER_SECONDS = 2  # after the answer, for who is still sending; as long as bytes come, up to
LINGER_AT_MOST_SECONDS = 30
STOPPING_SECONDS = 2  # what a worker that stops still waits for a request
