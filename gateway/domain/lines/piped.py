"""The gate of a shell without a terminal: the lines of its input are judged one by one.

The rule: where what was started reads commands from its input, no line of it reaches the target before it was judged;
the first that is refused ends the channel. Elsewhere the input is nobody's commands and is not read.

Known limits: what a command of the script reads from the same input is judged as commands too. A line, with those it
continues, of more than :data:`LONGEST_LINE` bytes can not be read and is refused where anything is prohibited.
"""

from __future__ import annotations

import attrs

from gateway.domain.lane import Bytes, Credit, Effect, End, Event, Hold, Lane, Order, Refuse, Request, Tick
from gateway.domain.lines.scan import unfinished
from gateway.domain.shell import LONGEST_LINE, Shell, read
from gateway.domain.verdict import Judge, Outcome

DENIED = 77


@attrs.define(eq=False)
class PipedGate:
    """Judge the input of a shell, line by line."""

    judge: Judge
    active: bool = attrs.field(default=False, init=False)
    """Whether what was started reads commands from its input."""
    _shell: Shell = attrs.field(init=False, factory=lambda: Shell(typed=True))
    _open: str = attrs.field(init=False, default="")
    _held: bytes = attrs.field(init=False, default=b"")
    """The beginning of a line."""
    _refused: bool = attrs.field(init=False, default=False)

    def weigh(self, event: Event, at: float) -> list[Event | Effect]:
        """Pass lines that may run; end the channel at one that may not."""
        match event:
            case Request(lane=Lane.TO_TARGET, name="shell"):
                self.active = True
                return [event]
            case Request(lane=Lane.TO_TARGET, name="exec"):
                self.active = reads_commands(event.payload[4:].decode("utf-8", "surrogateescape"))
                return [event]
            case Bytes(lane=Lane.TO_TARGET) if self.active:
                return self._lines(event.chunk)
            case End(lane=Lane.TO_TARGET) if self.active:
                return [*self._last(), event]
            case Tick() | Order():
                return []
            case _:
                return [event]

    def _lines(self, chunk: bytes) -> list[Event | Effect]:
        if self._refused:
            return []
        *lines, rest = (self._held + chunk).split(b"\n")
        out: list[Event | Effect] = [Hold(Lane.TO_TARGET, len(chunk))] if self.judge.ruled else []
        for line in lines:
            out += self._line(line + b"\n")
        self._held = rest
        if len(rest) > LONGEST_LINE:
            out += self._last()
        return out if self.judge.ruled else [*out, Bytes(Lane.TO_TARGET, chunk)]

    def _last(self) -> list[Event | Effect]:
        """Judge a line that has no end yet, or has none."""
        line, self._held = self._held, b""
        return self._line(line) if line else []

    def _line(self, raw: bytes) -> list[Event | Effect]:
        """Judge one line; without rules only tell it."""
        if self._refused:
            return []
        out = self._judged(raw.decode("utf-8", "surrogateescape"))
        if self.judge.ruled:
            out.append(Credit(Lane.TO_TARGET, len(raw)))
            if not self._refused:
                out.append(Bytes(Lane.TO_TARGET, raw))
        return out

    def _judged(self, line: str) -> list[Event | Effect]:
        whole = self._open + line
        if not whole.strip():
            return []
        if unfinished(whole.removesuffix("\n")) and len(whole) <= LONGEST_LINE:
            if not self.judge.would_refuse((whole,), self._shell, doubts=False):
                self._open = whole
                return []
        self._open = ""
        verdict = self.judge.weigh((whole.strip("\n"),), "held", self._shell)
        out: list[Event | Effect] = list(verdict.told)
        match verdict.outcome:
            case Outcome.PASS:
                self._shell = verdict.shell or self._shell
                return [*out, *verdict.executed]
            case Outcome.ENDS:
                self._refused = True
                return [*out, *verdict.orders]
            case _:
                self._refused = True
                return [*out, Refuse(DENIED, verdict.words), *verdict.orders]


def reads_commands(line: str) -> bool:
    """Say whether something that a command line starts reads commands from its input."""
    unseen, seen = read(line).doubts, read(line, Shell(typed=True)).doubts
    return len(seen) < len(unseen)
