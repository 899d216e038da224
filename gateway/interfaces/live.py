"""The present screens of this node's sessions, for those who may see them.

Nothing of it ever leaves the node that holds the session: the seam has no way to another node.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from gateway.domain.screen.view import Picture, Update


class NotWatchable(Exception):
    """A session has no present screen here; says why, in words for a person."""


class IViewer(Interface):
    """Somebody who sees a live screen."""

    size = Attribute("Columns and rows of his terminal; None for as many as the session has.")

    def is_full() -> bool:
        """Say whether he has not taken enough of what he was shown: he is left out, and shown afresh later."""

    def show(update: Update) -> None:
        """Take the picture, or its difference to the last one."""

    def over(words: str) -> None:
        """Hear that there is nothing more to see, and why."""


class ILive(Interface):
    """Deliver present screens; each delivery is a fact before it is seen."""

    def watch(session: str, channel: int | None, viewer: IViewer, *, by: str, by_name: str, source: str,
              door: str) -> Deferred[ILiveSeat]:
        """Show a channel to a viewer from now on (None: the first terminal, else the first channel).

        Fires when ``live.watch_started`` is on disk and the present screen was shown; fails with NotWatchable.
        """

    def snapshot(session: str, channel: int | None, *, by: str, by_name: str, source: str,
                 door: str) -> Deferred[tuple[int, Picture]]:
        """Return a channel's number and what it shows now; told as a watch that ended at once."""


class ILiveSeat(Interface):
    """A viewer's place."""

    channel = Attribute("The number of the channel that is watched.")

    def leave() -> None:
        """See no more; told once as ``live.watch_ended``."""

    def refresh() -> None:
        """Be shown the whole present screen next: the terminal was resized, drained or painted over."""
