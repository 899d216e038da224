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
from gateway.domain.lines.programs import Reads, program_of
from gateway.domain.lines.scan import recalls
from gateway.domain.lines.showing import Anchor, Showing
from gateway.domain.lines.sight import Sight
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
    _sight: Sight = attrs.field(init=False, factory=Sight)
    _submitted: deque[tuple[str | None, bool]] = attrs.field(init=False, factory=lambda: deque(maxlen=MOST_AHEAD))
    """Lines as typed, None where the screen has to say; and whether no editor read then: a program may have them."""

    _unechoed: list[tuple[str, Anchor | None]] = attrs.field(init=False, factory=list)
    """Lines that were submitted where no editor says so, and where they begin on the screen."""

    def __attrs_post_init__(self) -> None:
        """Begin with a shell."""
        self.oracle = Oracle(self.screen)
        self.accepting = Accepting(self.judge, self.oracle)

    def weigh(self, event: Event, at: float) -> list[Event | Effect]:
        """Pass everything; tell what runs."""
        return [*self._weighed(event, at), *self._sight.look(self.oracle.program, at)]

    def _weighed(self, event: Event, at: float) -> list[Event | Effect]:
        match event:
            case Bytes(lane=Lane.TO_TARGET):
                return [event, *self._typed(event.chunk, at)]
            case Bytes():
                if self.oracle.output(event.chunk, at) or (self._unechoed and b"\n" in event.chunk):
                    self.due = at
                return [event]
            case Tick():
                self.due = None
                told = [each for switch in self.oracle.taken() for each in self._switched(switch)]
                return [*told, *self._echoed()]
            case Order():
                return []
            case Request(lane=Lane.TO_TARGET, name="exec"):
                line = event.payload[4:].decode("utf-8", "surrogateescape")
                self.oracle.program = program_of(tuple(read(line).commands))
                return [event]
            case Close(lane=Lane.TO_OPERATOR):
                return [*self._rest(), *self._sight.end(at), event]
            case _:
                return [event]

    def _typed(self, chunk: bytes, at: float) -> list[Effect]:
        told: list[Effect] = []
        for key in self._keys.cut(chunk):
            if key.act is Act.COMMIT and not (key.pasted and self.oracle.editor):
                told += self._submit(key, at)
            elif key.act is Act.CANCEL:
                self._cancel(at)
            else:
                self._press(key, at)
        return told

    def _cancel(self, at: float) -> None:
        self.oracle.cancelled(at)
        self.accepting.cancel()
        self._submitted.clear()
        if self.oracle.program.reads is Reads.DATA:
            self.accepting.left()

    def _press(self, key: Key, at: float) -> None:
        if key.act is Act.END and self.oracle.program.reads is Reads.DATA:
            self.accepting.left()
        if self.oracle.editor and not self.oracle.typing.touched:
            while self._submitted and self._submitted[0][1]:
                self._submitted.popleft()
        self.oracle.press(key, at)
        self.accepting.pressed()

    def _submit(self, key: Key, at: float) -> list[Effect]:
        oracle = self.oracle
        line = oracle.typing.text if oracle.typing.exact else None
        told: list[Effect] = []
        if oracle.in_application or oracle.in_prompt or oracle.program.reads is Reads.DATA:
            pass
        elif oracle.flavour == "fish" and oracle.editor and oracle.goes_on(line or ""):
            oracle.press(key, at)
            oracle.stays()
            return []
        elif oracle.editor or not oracle.in_shell:
            self._submitted.append((line, not oracle.editor))
        elif line is None:
            told = self._ran(oracle.seen_now()[0])
        else:
            self._unechoed.append((line, oracle.showing.anchor))
            self.due = oracle.due if self.due is None else self.due
        oracle.released(key, oracle.program, at)
        return told

    def _echoed(self) -> list[Effect]:
        """Tell the lines that are echoed now; what is not may be a secret."""
        lines, self._unechoed = self._unechoed, []
        rows = "\n".join(self.screen.text()) if lines else ""
        shown = [line for line, anchor in lines if line in rows or self._stands(line, anchor)]
        return [told for line in shown for told in self._ran(line)]

    def _stands(self, line: str, anchor: Anchor | None) -> bool:
        return Showing(self.screen, anchor).shows(line, at_end=False)

    def _switched(self, switch: Switch) -> list[Effect]:
        self.oracle.switch(switch)
        if switch.on:
            self.oracle.prompted()
            return []
        if not self._submitted:
            return self.accepting.switched(switch)
        typed, _ = self._submitted.popleft()
        seen = self.oracle.showing.accepted(switch.x, switch.row)
        self.oracle.showing.forget()
        return self._ran(seen if typed is None else typed)

    def _rest(self) -> list[Effect]:
        """Tell what was submitted last and perhaps taken."""
        typed, ahead = self._submitted.popleft() if self._submitted else (None, True)
        return self._ran(typed) if typed and not ahead else []

    def _ran(self, line: str) -> list[Effect]:
        whole = self.oracle.open + line
        if not whole.strip():
            return []
        if self.oracle.goes_on(whole) and len(whole) <= LONGEST_LINE:
            self.oracle.open = whole + "\n"
            return []
        self.oracle.open = ""
        doubt = "what of the history stands in the line is not known" if recalls(line) else ""
        verdict = self.judge.weigh((whole,), "screen", self.accepting.shell, doubt)
        self.oracle.program = self.accepting.release(verdict)
        return [*verdict.told, *self.accepting.take()]
