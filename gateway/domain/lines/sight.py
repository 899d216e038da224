"""How long a terminal was not seen: a program read keys, statements or text there, and no commands.

The rule: each such time is told when it is over, with the program's name.

Known limit: it begins when the program's line was released, and ends when a prompt is back; a program that starts
nothing of its own makes the time blind all the same.
"""

from __future__ import annotations

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import Effect, Tell
from gateway.domain.lines.programs import Program, Reads

BLIND = frozenset({Reads.APPLICATION, Reads.PROMPT, Reads.DATA})


@attrs.define
class Sight:
    """Count one terminal's blind times."""

    since: float | None = None
    name: str = ""

    def look(self, program: Program, at: float) -> list[Effect]:
        """Note what reads now; tell a blind time that is over."""
        if (program.name if program.reads in BLIND else "") == self.name:
            return []
        told = self.end(at)
        if program.reads in BLIND:
            self.since, self.name = at, program.name
        return told

    def end(self, at: float) -> list[Effect]:
        """Tell a blind time whose terminal is over."""
        since, name = self.since, self.name
        self.since, self.name = None, ""
        if since is None:
            return []
        return [Tell(Fact("command.blind", {"command": name, "seconds": round(at - since, 3)}))]
