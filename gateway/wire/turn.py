"""Know who has something to send because of what is being read.

The rule: what a read gives rise to leaves when the whole read is worked off, for every connection in one write.
"""

from __future__ import annotations

from typing import Final, Protocol

import attrs


class Flushing(Protocol):
    """Somebody who has something to send."""

    def flush(self) -> None:
        """Send it."""


@attrs.define(eq=False)
class Turn:
    """Gather who has something to send."""

    reading: bool = False
    due: list[Flushing] = attrs.field(factory=list)

    def begin(self) -> bool:
        """Begin, unless this is a connection within another one whose turn it is; say whether it began."""
        began, self.reading = not self.reading, True
        return began

    def end(self) -> None:
        """Have everybody send."""
        try:
            while self.due:
                self.due.pop(0).flush()
        finally:
            self.reading = False


TURN: Final = Turn()
"""The one turn there is at a time."""
