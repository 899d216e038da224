"""The screen of a terminal channel, kept by a tap.

The rule: it stands behind the recorder. When the recording asks for the screen that its next frame begins with, the
event that is about to be written is not on it yet.
"""

from __future__ import annotations

import attrs

from gateway.domain.lane import Bytes, Lane, Notice, Resize, Seen
from gateway.domain.notice import line
from gateway.domain.screen import Screen


@attrs.define(eq=False)
class Showing:
    """Feed a screen with what leaves the last gate for the operator, and the gateway's own notices."""

    screen: Screen
    essential: bool = attrs.field(default=False, init=False)

    def see(self, seen: Seen, at: float) -> None:
        """Take what passed."""
        match seen:
            case Bytes(lane=Lane.TO_OPERATOR):
                self.screen.feed(seen.chunk)
            case Notice():
                self.screen.feed(line(seen.text, terminal=True))
            case Resize():
                self.screen.resize(seen.columns, seen.rows)
            case _:
                pass
