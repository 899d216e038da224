"""What a running session speaks with: its channels, its connections, and who answers its questions.

The rule: a session knows these faces and no classes behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred

from gateway.domain.elevation import Proven, Wanted, Withheld
from gateway.domain.lane import Event
from gateway.domain.review import Decision, Review

if TYPE_CHECKING:
    from gateway.runtime.run import Run


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

    def elevate(self, terminal: object, wanted: Wanted) -> Deferred[Proven | Withheld]:
        """Find out who asks on a terminal, and what is to be typed; cancelling takes the question back."""


class Asker(Protocol):
    """Where a request for approval comes from."""

    def say(self, text: str) -> None:
        """Tell the operator one line."""

    def decided(self, decision: Decision) -> None:
        """Take the answer; called once, and never in the turn that asked."""


class Ask(Protocol):
    """Ask approvers."""

    def __call__(self, run: Run, review: Review, asker: Asker) -> Callable[[], None]:
        """Ask; return what takes the question back."""
