"""The watch on a terminal where no rule can act: nothing is held, every line is told when the editor takes it.

The rule: bytes pass as they come. A line is what was typed where that is exact, else what the screen shows when the
line editor takes it; where no editor says so, what the screen shows when Enter is pressed.

Known limits: where no editor says when it takes a line, a line that was not echoed yet is known only if it was typed
with plain keys; what a program asks for is told as a command there.
"""

from __future__ import annotations

from collections import deque

import attrs

from gateway.domain.lane import Bytes, Close, Effect, Event, Lane, Order, Request, Tick
from gateway.domain.lines.accepting import Accepting
from gateway.domain.lines.keys import Act, Key, Keys
from gateway.domain.lines.oracle import Oracle, Switch
from gateway.domain.lines.programs import SHELLS, Reads, program_of
from gateway.domain.screen import Screen
from gateway.domain.shell import LONGEST_LINE, read
from gateway.domain.verdict import Judge

MOST_AHEAD = 256
"""Lines that were submitted and not taken; more are not told."""


@attrs.define(eq=False)
class LineWatch:
    """Tell one terminal's commands."""

    judge: Judge
    screen: Screen
    due: float | None = attrs.field(default=None, init=False)
    oracle: Oracle = attrs.field(init=False)
    accepting: Accepting = attrs.field(init=False)
    _keys: Keys = attrs.field(init=False, factory=Keys)
    _submitted: deque[str | None] = attrs.field(init=False, factory=lambda: deque(maxlen=MOST_AHEAD))
    """Lines as typed, None where the screen has to say."""

    def __attrs_post_init__(self) -> None:
        """Begin with a shell."""
        self.oracle = Oracle(self.screen)
        self.accepting = Accepting(self.judge, self.oracle)

    def weigh(self, event: Event, at: float) -> list[Event | Effect]:
        """Pass everything; tell what runs."""
        match event:
            case Bytes(lane=Lane.TO_TARGET):
                return [event, *self._typed(event.chunk, at)]
            case Bytes():
                if self.oracle.output(event.chunk, at):
                    self.due = at
                return [event]
            case Tick():
                self.due = None
                return [told for switch in self.oracle.taken() for told in self._switched(switch)]
            case Order():
                return []
            case Request(lane=Lane.TO_TARGET, name="exec"):
                line = event.payload[4:].decode("utf-8", "surrogateescape")
                self.oracle.program = program_of(tuple(read(line).commands))
                return [event]
            case Close(lane=Lane.TO_OPERATOR):
                return [*self._rest(), event]
            case _:
                return [event]

    def _typed(self, chunk: bytes, at: float) -> list[Effect]:
        told: list[Effect] = []
        for key in self._keys.cut(chunk):
            if key.act is Act.COMMIT and not (key.pasted and self.oracle.editor):
                told += self._submit(key, at)
            elif key.act is Act.CANCEL:
                self.oracle.cancelled(at)
                self.accepting.cancel()
                self._submitted.clear()
            else:
                self.oracle.press(key, at)
                self.accepting.pressed()
        return told

    def _submit(self, key: Key, at: float) -> list[Effect]:
        oracle = self.oracle
        line = oracle.typing.text if oracle.typing.exact else None
        foreign = oracle.in_application or oracle.in_prompt or oracle.program.reads is Reads.DATA
        told: list[Effect] = []
        if not foreign and (oracle.editor or (oracle.modern and oracle.program.name not in SHELLS)):
            self._submitted.append(line)
        elif not foreign:
            seen = oracle.seen_now()
            if line is None or any(each.strip() for each in seen[1:]):
                told = self._ran(seen[-1] if line is None else line, "screen")
        oracle.released(key, oracle.program, at)
        return told

    def _switched(self, switch: Switch) -> list[Effect]:
        self.oracle.switch(switch)
        if switch.on:
            self.oracle.prompted()
            return []
        if not self._submitted:
            return self.accepting.switched(switch)
        typed = self._submitted.popleft()
        seen = self.oracle.showing.accepted(switch.x, switch.row)
        self.oracle.showing.forget()
        return self._ran(seen if typed is None else typed, "screen")

    def _rest(self) -> list[Effect]:
        """Tell what was submitted last and perhaps taken."""
        typed = self._submitted.popleft() if self._submitted else None
        return self._ran(typed, "screen") if typed else []

    def _ran(self, line: str, known_by: str) -> list[Effect]:
        whole = self.oracle.open + line
        if not whole.strip():
            return []
        if self.oracle.goes_on(whole) and len(whole) <= LONGEST_LINE:
            self.oracle.open = whole + "\n"
            return []
        self.oracle.open = ""
        verdict = self.judge.weigh((whole,), known_by, self.accepting.shell)
        self.oracle.program = self.accepting.release(verdict, 0.0)
        return [*verdict.told, *self.accepting.take()]
