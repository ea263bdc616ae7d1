"""Who may do what: the one table of roles."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A person's role is the group of the same name."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MANAGER = "manager"
    ADMIN = "admin"


class May(StrEnum):
    """What a page or an action asks for."""

    SEE = "see orders, the catalog and statistics"
    PLACE = "place, refill and cancel orders"
    EXPORT = "take orders away as a file"
    MASS_ORDER = "place many orders at once"
    RESOLVE = "resolve unconfirmed orders"
    SEE_BALANCES = "see balances"
    RUN_PROVIDERS = "pause providers, edit their limits, refresh and approve catalogs"
    KEEP_CREDENTIALS = "set a provider's address and key"
    KEEP_PEOPLE = "add people and change their roles"


_SEES = frozenset({May.SEE})
_PLACES = _SEES | {May.PLACE, May.EXPORT}
_MANAGES = _PLACES | {May.MASS_ORDER, May.RESOLVE, May.SEE_BALANCES, May.RUN_PROVIDERS}

ALLOWED: dict[Role, frozenset[May]] = {
    Role.VIEWER: _SEES,
    Role.OPERATOR: _PLACES,
    Role.MANAGER: _MANAGES,
    Role.ADMIN: _MANAGES | {May.KEEP_CREDENTIALS, May.KEEP_PEOPLE},
}


def who_may(what: May) -> str:
    """The roles that may do it, in words, the lowest first: "managers and admins"."""
    names = [f"{role.value}s" for role in Role if what in ALLOWED[role]]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def refusal(what: May) -> str:
    """What somebody is told who may not do it."""
    return f"Only {who_may(what)} may {what.value}."
