"""Say why a connection has to end.

The rule: a violation carries a short name for the counter, the reason code of RFC 4253 §11.1 and a text for
the peer. None of the three ever holds what the peer sent or anything secret.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs

PROTOCOL_ERROR: Final = 2
KEY_EXCHANGE_FAILED: Final = 3
MAC_ERROR: Final = 5
SERVICE_NOT_AVAILABLE: Final = 7
VERSION_NOT_SUPPORTED: Final = 8
HOST_KEY_NOT_VERIFIABLE: Final = 9
CONNECTION_LOST: Final = 10
BY_APPLICATION: Final = 11


class Violation(Exception):
    """The peer broke the protocol, or agreement with it is impossible: the connection ends."""

    def __init__(self, name: str, code: int, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.code = code
        self.text = text


class ConnectionEnded(Exception):
    """The connection ended before what was waited for; the text says why."""


class Tally(Protocol):
    """Count what happened, by name."""

    def count(self, name: str) -> None:
        """Count one more *name*."""


@attrs.define
class Counts:
    """Keep a tally in memory."""

    counted: dict[str, int] = attrs.field(factory=dict)

    def count(self, name: str) -> None:
        """Count one more *name*."""
        self.counted[name] = self.counted.get(name, 0) + 1
