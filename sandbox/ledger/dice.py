"""Seeded chance without state: the same faces always show the same number."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1


def roll_bits(seed: int, *faces: int) -> int:
    """64 well-mixed bits that depend on nothing but the arguments."""
    mixed = seed & _MASK
    for face in faces:
        mixed = (mixed + 0x9E3779B97F4A7C15 * (face + 1)) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return mixed


def roll(seed: int, *faces: int) -> float:
    """A number in [0, 1)."""
    return (roll_bits(seed, *faces) >> 11) / (1 << 53)


def roll_between(low: int, high: int, seed: int, *faces: int) -> int:
    """A whole number from low to high, both included."""
    return low + roll_bits(seed, *faces) % (high - low + 1)


def fingerprint(secret: str) -> str:
    """Twelve hex digits that name a key without giving it away."""
    return blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
