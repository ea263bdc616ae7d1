"""The orders pages: the list, a new order, one order, the unconfirmed ones."""
