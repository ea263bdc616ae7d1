"""From an empty desk to the first order that has ended at its provider."""
