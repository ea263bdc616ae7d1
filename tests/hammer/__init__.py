"""Answers recorded and claims taken for lost at the same moment, by real threads."""
