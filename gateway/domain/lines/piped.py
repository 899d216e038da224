"""The gate of a shell without a terminal: the lines of its input are judged one by one.

The rule: where what was started reads commands from its input, no line of it reaches the target before it was judged;
the first that is refused ends the channel; one that a rule wants reviewed waits, and what is behind it. Elsewhere the
input is nobody's commands and is not read.

Known limits: what a command of the script reads from the same input is judged as commands too. A line, with those it
continues, of more than :data:`LONGEST_LINE` bytes can not be read and is refused where anything is prohibited.
"""

from __future__ import annotations

import attrs

from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Credit,
    Effect,
    End,
    Event,
    Hold,
    Lane,
    Notice,
    Order,
    Refuse,
    Request,
    Tick,
    Withdraw,
)
from gateway.domain.lines.scan import unfinished
from gateway.domain.review import Decision, Review
from gateway.domain.shell import LONGEST_LINE, Shell, read
from gateway.domain.verdict import Judge, Outcome, Verdict

DENIED = 77
TICKET = -2
"""This gate's ticket: one line at a time waits for approvers."""


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
    _reviewed: tuple[Verdict, bytes] | None = attrs.field(init=False, default=None)
    """A line that approvers decide on."""
    _ended: bool = attrs.field(init=False, default=False)
    """Whether the input's end came behind it."""

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
                self._ended = self._reviewed is not None
                return [] if self._ended else [*self._last(), event]
            case Close(lane=Lane.TO_TARGET) if self._reviewed is not None:
                (verdict, _), self._reviewed = self._reviewed, None
                return [*verdict.refused, Withdraw(TICKET), event]
            case Answered():
                return self._answered(event.answer)
            case Tick() | Order():
                return []
            case _:
                return [event]

    def _lines(self, chunk: bytes) -> list[Event | Effect]:
        if self._refused:
            return []
        self._held += chunk
        if not self.judge.ruled:
            return [*self._on(), Bytes(Lane.TO_TARGET, chunk)]
        return [Hold(Lane.TO_TARGET, len(chunk)), *self._on()]

    def _on(self) -> list[Event | Effect]:
        """Judge the lines that are whole."""
        out: list[Event | Effect] = []
        while b"\n" in self._held and self._reviewed is None and not self._refused:
            line, _, self._held = self._held.partition(b"\n")
            out += self._line(line + b"\n")
        if len(self._held) > LONGEST_LINE and self._reviewed is None:
            out += self._last()
        return out

    def _last(self) -> list[Event | Effect]:
        """Judge a line that has no end yet, or has none."""
        line, self._held = self._held, b""
        return self._line(line) if line else []

    def _line(self, raw: bytes) -> list[Event | Effect]:
        """Judge one line; without rules only tell it."""
        out = self._judged(raw)
        if self.judge.ruled and self._reviewed is None:
            out.append(Credit(Lane.TO_TARGET, len(raw)))
            if not self._refused:
                out.append(Bytes(Lane.TO_TARGET, raw))
        return out

    def _judged(self, raw: bytes) -> list[Event | Effect]:
        whole = self._open + raw.decode("utf-8", "surrogateescape")
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
            case Outcome.REVIEW:
                self._reviewed = verdict, raw
                return [*out, Ask(TICKET, Lane.TO_TARGET, Review(verdict.line, verdict.rule, "held"))]
            case _:
                self._refused = True
                return [*out, Refuse(DENIED, verdict.words), *verdict.orders]

    def _answered(self, decision: Decision) -> list[Event | Effect]:
        """Go on with the line that approvers agreed to; end the channel at another."""
        if self._reviewed is None:
            return []
        (verdict, raw), self._reviewed = self._reviewed, None
        if not decision.given:
            self._refused = True
            words = f'"{verdict.line}" was not approved: {decision.words}'
            return [*verdict.refused, Refuse(DENIED, words)]
        self._shell = verdict.shell or self._shell
        out: list[Event | Effect] = [Notice(f'"{verdict.line}" was {decision.words}'), *verdict.executed]
        out += [Credit(Lane.TO_TARGET, len(raw)), Bytes(Lane.TO_TARGET, raw), *self._on()]
        if self._ended and self._reviewed is None:
            out += [*self._last(), End(Lane.TO_TARGET)]
        return out


def reads_commands(line: str) -> bool:
    """Say whether something that a command line starts reads commands from its input."""
    unseen, seen = read(line).doubts, read(line, Shell(typed=True)).doubts
    return len(seen) < len(unseen)
