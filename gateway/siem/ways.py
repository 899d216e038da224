"""What a way out is, to those who use it.

The rule: a way carries whole messages in order or fails with OSError; what failed is sent again on the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface


class IWay(Interface):
    """An open way to a destination."""

    window = Attribute("Seconds for which what was handed over may still be lost; 0: it is delivered.")

    def send(messages: Sequence[Any]) -> Deferred[None]:  # noqa: N805 - an interface
        """Hand messages (a sink: entries) over in order; fire when there is room for more, fail with OSError."""

    def acknowledged() -> int:
        """Return how many of the messages handed over have left this machine."""

    def lost() -> Deferred[None]:
        """Fire once the way is of no use any more."""

    def close() -> Deferred[None]:
        """Give the way back, with what is still to leave."""

    def drop() -> None:
        """Give the way back at once."""
