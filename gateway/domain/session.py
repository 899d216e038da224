"""What a session is called, and the states it can be in.

Ids are ``S-`` and 13 characters of Crockford base32: 40 bits of milliseconds/16 since 2020, then 25 random bits, so
that ids sort by time. Both come from the caller.
"""

from __future__ import annotations

import enum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH = 1_577_836_800.0
"""2020-01-01T00:00:00Z, in seconds since the epoch of UNIX."""

SHORTEST = 6
"""The fewest characters (after ``S-``) a shown id keeps."""


class State(enum.Enum):
    """Where a session is in its life."""

    WAITING = "waiting"
    LIVE = "live"
    LOCKED = "locked"
    ENDED = "ended"
    LOST = "lost"


def crockford(number: int, characters: int) -> str:
    """Write a number in Crockford base32 with a fixed count of characters."""
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(characters)))


def session_id(now: float, random_bits: int) -> str:
    """Make a session's id of the time (seconds since the epoch) and 25 random bits."""
    ticks = max(0, int((now - EPOCH) * 1000 / 16)) & (1 << 40) - 1
    return "S-" + crockford(ticks << 25 | random_bits & (1 << 25) - 1, 13)


def reference(random_bits: int) -> str:
    """Make the reference of a refusal, ``R-`` and 8 characters, of 40 random bits."""
    return "R-" + crockford(random_bits & (1 << 40) - 1, 8)


def normal(prefix: str) -> str:
    """Return an id as typed in its normal form: upper case, Crockford's look-alikes folded, ``S-`` in front."""
    text = prefix.strip().upper().removeprefix("S-")
    return "S-" + text.translate(str.maketrans("OIL", "011"))
