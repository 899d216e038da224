"""Channel windows passed end to end, with a ledger for what the gateway adds or keeps (RFC 4254 §5.2).

The rule: what the sender may still send, plus what rests in the gateway, never exceeds what the receiver still
takes. So whatever arrives can be passed on, memory is bounded by the peers' own windows, and a reader that stops
stops its writer. Passing a byte on changes nothing in the balance; each WINDOW_ADJUST of the receiver becomes one
for the sender; bytes the gateway swallows are credited to the sender, bytes it injects are owed until the receiver
takes more.
"""

from __future__ import annotations

LARGEST_WINDOW = 2**32 - 1

SMALLEST_CREDIT = 16 * 1024
"""Smaller credits wait, unless the sender has less than that left."""

LARGEST_WAITING = 256 * 1024
"""Larger credits never wait."""


def credit_due(room: int, resting: int, granted: int) -> int:
    """Return by how many bytes to widen the sender's window now.

    ``room`` is what the receiver still takes, ``resting`` what waits in the gateway for it, ``granted`` what the
    sender may still send. Zero while nothing is due, or too little to be worth a packet: a sender with much left is
    told later.
    """
    due = min(room - resting, LARGEST_WINDOW) - granted
    if due <= 0:
        return 0
    worth = max(SMALLEST_CREDIT, min(granted // 4, LARGEST_WAITING))
    return 0 if due < worth and granted >= due else due
