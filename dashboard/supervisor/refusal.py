"""Why the desk does not start, in one line that says what to do."""


class Refused(Exception):
    pass
