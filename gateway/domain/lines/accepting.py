"""What became of a line: accepted by the line editor, still open, or accepted though nobody released it.

The rule: a line that was released is told as executed when the editor took it; where no editor says so, when it was
released. A line that the editor took and nobody released is told as unmediated, and judged as one that ran.
"""

from __future__ import annotations

from collections import deque

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import Effect, EndSession, GiveOrder, Notice, Tell
from gateway.domain.lines.oracle import Oracle, Switch
from gateway.domain.lines.programs import SHELL, SHELLS, Program, Reads, program_of
from gateway.domain.lines.scan import unfinished
from gateway.domain.shell import Shell
from gateway.domain.verdict import UNMEDIATED, Judge, Verdict, shown


@attrs.define(eq=False)
class Accepting:
    """Follow one terminal's lines after their release."""

    judge: Judge
    oracle: Oracle
    shell: Shell = attrs.field(factory=lambda: Shell(typed=True))
    """What the session's shell remembers."""
    pending: Verdict | None = None
    """The verdict on the line that was released and is not taken yet."""
    awaited: bool = False
    """Whether a line was released that the editor has not taken yet."""
    excused: bool = False
    """Whether the editor may cease to read without a line: it was told to throw it away."""
    ceases: bool = False
    """Whether the editor will cease to read for that, and has not yet."""
    base: Program = SHELL
    """A shell without a line editor, to which the terminal comes back."""
    before: str = ""
    """What was open before the last line."""
    ahead: deque[Verdict | None] = attrs.field(factory=deque)
    """Verdicts on lines that were released while no editor read: one may take them yet; None where it was told."""

    def release(self, verdict: Verdict | None) -> Program:
        """Note that a line was released; return what reads next."""
        self.pending, self.awaited = verdict, self.oracle.editor
        present = self.oracle.program
        if self.oracle.editor:
            self.base = SHELL
        elif present.name in SHELLS:
            self.base = present
        if verdict is None:
            return present
        following = program_of(verdict.commands)
        plain = following.reads is Reads.SHELL and following.name not in SHELLS
        return self.base if plain and self.base is not SHELL else following

    def take(self) -> list[Effect]:
        """Note that the line that was released is being run; tell it."""
        self.awaited = False
        verdict, self.pending = self.pending, None
        if verdict is None:
            return []
        self.shell = verdict.shell or self.shell
        self.oracle.learn(verdict.commands)
        return list(verdict.executed)

    def opens(self, line: str) -> None:
        """Note that the line that was released is not finished."""
        self.before, self.oracle.open = self.oracle.open, line

    def untaken(self) -> None:
        """Note that the editor did not take the line: its key did something else, and the line goes on."""
        if self.pending is None and self.oracle.open:
            self.oracle.open = self.before
        self.awaited, self.pending = False, None
        self.oracle.stays()

    def take_unseen(self, echoed: bool) -> list[Effect]:
        """Tell a line at its release, where no editor says when it takes one; a program's answers are no commands."""
        if echoed and self.oracle.in_shell:
            self.ahead.append(None)
            return self.take()
        self.ahead.append(self.pending)
        self.pending = None
        return []

    def left(self) -> None:
        """Note that the program that read the terminal was told to end."""
        self.oracle.program = self.base

    def cancel(self) -> None:
        """Note that the line was thrown away."""
        self.excused, self.awaited, self.pending = True, False, None
        self.ceases = self.oracle.editor and self.oracle.flavour != "fish"

    def pressed(self) -> None:
        """Note that a key went to the target: what was typed ahead of an editor was taken before."""
        self.excused = False
        if self.oracle.editor:
            self.ahead.clear()

    def switched(self, switch: Switch) -> list[Effect]:
        """Follow the editor: it took a line, released or not."""
        if switch.on:
            return []
        if switch.alternate and self.oracle.program.reads is Reads.APPLICATION:
            return []
        self.ceases = False
        if self.awaited:
            return self.take()
        if self.ahead:
            self.pending = self.ahead.popleft()
            return self.take()
        foreign = self.oracle.program.reads in (Reads.PROMPT, Reads.APPLICATION)
        if self.excused or foreign or (self.oracle.in_multiplexer and self.oracle.showing.anchor is None):
            return []
        return self.unmediated(self.oracle.showing.accepted(switch.x, switch.row))

    def unmediated(self, line: str) -> list[Effect]:
        """Tell a line that nobody released, and do what its rules want."""
        if not line.strip():
            return []
        verdict = self.judge.weigh((self.oracle.open + line,), UNMEDIATED, self.shell)
        self.oracle.taken_away()
        self.shell = verdict.shell or self.shell
        fact = Fact("command.unmediated", {"command": shown(line), "known_by": UNMEDIATED, "outcome": "executed"})
        orders = [each for each in verdict.orders if isinstance(each, GiveOrder | EndSession | Notice)]
        return [Tell(fact), *verdict.told, *verdict.executed, *orders]

    def overruled(self) -> list[Effect]:
        """Tell what the shell took for finished and we did not."""
        line, self.oracle.open = self.oracle.open, ""
        if unfinished(line) or self.judge.would_refuse((line,), self.shell):
            return self.unmediated(line)
        verdict = self.judge.weigh((line,), "held", self.shell)
        self.shell = verdict.shell or self.shell
        return [*verdict.told, *verdict.executed]
