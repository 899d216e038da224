"""The channels and connections of a session, as the session sees them.

The rule: a session knows of them no more than this; ssh makes them.
"""

from __future__ import annotations

from typing import Protocol

from gateway.domain.lane import Event


class Leg(Protocol):
    """One channel of the session, as the session sees it."""

    exit: str
    """How it ended, as far as that is known."""

    def feed(self, event: Event) -> None:
        """Weigh an event that does not come from the wire."""

    def say(self, text: str) -> None:
        """Tell the operator one line."""

    def finish(self, code: int, text: str | None) -> None:
        """Say the line, give the exit code, close; what is queued leaves first."""

    def cut(self) -> None:
        """Pass nothing more, on either lane."""


class Connections(Protocol):
    """The two connections of the session."""

    def cut(self) -> None:
        """Abort both now, like a lost network."""

    def close(self) -> None:
        """Cut the target's at once, and the operator's when he has read his line."""

    def unlocked(self) -> None:
        """Open the channels that waited for a lock's end."""

    def refused(self, code: int, reason: str, text: str) -> None:
        """Give up the way to the target; say the line on every channel that waits or comes."""
