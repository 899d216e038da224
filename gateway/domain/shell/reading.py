"""What comes of reading a line.

The rule: whatever could not be read leaves a doubt in words; a line with a doubt is opaque.
"""

from __future__ import annotations

import attrs

from gateway.domain.shell.simple import Simple

MOST_COMMANDS = 128
"""Lines of more simple commands are opaque; the first ones are judged."""
MOST_DOUBTS = 16


@attrs.define(eq=False)
class Reading:
    """The simple commands of a line, in order, and the doubts."""

    commands: list[Simple] = attrs.field(factory=list)
    doubts: list[str] = attrs.field(factory=list)
    effort: int = 64 * 1024
    """Characters that may still be read, over all that code in code makes."""

    @property
    def opaque(self) -> bool:
        """Say whether something in the line could not be read."""
        return bool(self.doubts)

    def doubt(self, why: str) -> None:
        """Note that something can not be read."""
        if why not in self.doubts and len(self.doubts) < MOST_DOUBTS:
            self.doubts.append(why)

    def add(self, command: Simple) -> None:
        """Note a command."""
        if len(self.commands) < MOST_COMMANDS:
            self.commands.append(command)
        else:
            self.doubt("there are too many commands")

    def spend(self, characters: int) -> bool:
        """Take from what may still be read; say whether there was enough."""
        self.effort -= characters
        if self.effort < 0:
            self.doubt("it takes too long to read")
        return self.effort >= 0
