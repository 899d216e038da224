"""Ask a silent peer whether it is there, and notice when it is not.

The rule: whatever comes from a peer shows that it lives. An answer does so too, granted or denied, but is no traffic:
an idle connection is asked at every interval, which also keeps awake what stands between. A peer that we do not read
cannot be heard, so it is neither asked nor judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall, IReactorTime

REQUEST = "keepalive@openssh.com"
SECONDS = 60.0
"""Silence after which a peer is asked, and asked again."""
MOST_UNANSWERED = 3


class Peer(Protocol):
    """A connection, as far as its life is concerned."""

    heard: int

    @property
    def is_held(self) -> bool:
        """Say whether the peer is not read now."""

    def ask(self, name: str, answered: Callable[[bool, bytes], None]) -> None:
        """Make a global request that wants an answer."""


@attrs.define(eq=False, repr=False)
class Keepalive:
    """Watch one peer from :meth:`start` to :meth:`stop`; *lost* is called once, when it does not answer any more."""

    clock: IReactorTime
    peer: Peer
    lost: Callable[[], None]
    seconds: float = SECONDS
    most_unanswered: int = MOST_UNANSWERED
    _heard: int = attrs.field(init=False, default=0)
    _unanswered: int = attrs.field(init=False, default=0)
    _next: IDelayedCall | None = attrs.field(init=False, default=None)

    def start(self) -> None:
        """Begin to listen."""
        self._heard = self.peer.heard
        self._next = self.clock.callLater(self.seconds, self._look)

    def stop(self) -> None:
        """Watch no more."""
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    def _look(self) -> None:
        self._next = None
        if self.peer.is_held or self.peer.heard != self._heard:
            self._heard, self._unanswered = self.peer.heard, 0
        elif self._unanswered >= self.most_unanswered:
            self.lost()
            return
        else:
            self._unanswered += 1
            self.peer.ask(REQUEST, self._answered)
        self._next = self.clock.callLater(self.seconds, self._look)

    def _answered(self, granted: bool, payload: bytes) -> None:
        self._heard, self._unanswered = self.peer.heard, 0
