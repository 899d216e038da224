"""The gate of a terminal: every key that may submit a line is held until the line is judged.

The rule: with rules in the policy, a commit key and what comes behind it stay here until the line is certain (see
:mod:`gateway.domain.lines.oracle`); then the key is released, or the line is thrown away by Ctrl-C and the operator
told. What comes behind a released key stays until the prompt is back, or for :data:`PATIENCE`: then a program reads.
A line that was accepted and that nobody released is told as *unmediated*.

Known limits: what a known full-screen program or statement reader does by itself is not seen; the seconds in it are
counted as blind. A line that is typed ahead where nothing is echoed is judged by what is prohibited alone.
"""

from __future__ import annotations

import enum
from collections import deque

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import (
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
    OrderKind,
    Request,
    Tell,
    Tick,
)
from gateway.domain.lines.accepting import Accepting
from gateway.domain.lines.keys import Act, Key, Keys
from gateway.domain.lines.oracle import Oracle, Reading
from gateway.domain.lines.programs import Program, Reads, application_code, program_of, statement_code
from gateway.domain.lines.scan import prints_only, recalls
from gateway.domain.lines.sight import Sight
from gateway.domain.screen import Screen
from gateway.domain.shell import read
from gateway.domain.verdict import Judge, Outcome, Verdict, shown

PATIENCE = 0.35
"""Seconds after which a program is taken to read what comes behind a line."""
CANCELLED = 1.0
"""The same, where a line editor was told to throw a line away and has to draw its prompt anew."""
MOST_ABORTS = 2
"""So often Ctrl-C is pressed again where an editor kept the line: bash does in vi mode, after Esc."""
CANCEL = b"\x03"
EXPAND = {"bash": b"\x1b^", "zsh": b"\x1b!"}
"""The keys by which a line editor puts history into the line."""


class Phase(enum.Enum):
    """Say what becomes of keys."""

    EDITING = "editing"
    """They pass, up to one that commits."""
    WEIGHING = "weighing"
    """A commit key is held: its line is not certain yet."""
    RUNNING = "running"
    """A line was released: what comes behind it waits for the prompt."""


@attrs.define(eq=False)
class LineGate:
    """Hold one terminal's commit keys until their lines are judged."""

    judge: Judge
    screen: Screen
    due: float | None = attrs.field(default=None, init=False)
    phase: Phase = attrs.field(default=Phase.EDITING, init=False)
    oracle: Oracle = attrs.field(init=False)
    accepting: Accepting = attrs.field(init=False)
    _keys: Keys = attrs.field(init=False, factory=Keys)
    _queue: deque[Key] = attrs.field(init=False, factory=deque)
    _last: list[Event] = attrs.field(init=False, factory=list)
    """What ends the lane, behind the queue."""
    _out: list[Event | Effect] = attrs.field(init=False, factory=list)
    _until: float = attrs.field(init=False, default=0.0)
    _expanded: bool = attrs.field(init=False, default=False)
    _aborts: int = attrs.field(init=False, default=0)
    """How often a line may be thrown away again that is still there."""
    _locked: bool = attrs.field(init=False, default=False)
    _sight: Sight = attrs.field(init=False, factory=Sight)

    def __attrs_post_init__(self) -> None:
        """Begin with a shell."""
        self.oracle = Oracle(self.screen)
        self.accepting = Accepting(self.judge, self.oracle)

    def weigh(self, event: Event, at: float) -> list[Event | Effect]:
        """Pass what may go on now; hold, tell, refuse otherwise."""
        self._out = []
        match event:
            case Bytes(lane=Lane.TO_TARGET):
                self._typed(event, at)
            case Bytes():
                self._out.append(event)
                if self.oracle.output(event.chunk, at) or self.phase is not Phase.EDITING:
                    self.due = at
            case Tick():
                self._tick(at)
            case Order():
                self._ordered(event)
            case End(lane=Lane.TO_TARGET) | Close(lane=Lane.TO_TARGET):
                self._ends(event)
            case Close():
                self._out += [*self.accepting.take(), *self._sight.end(at), event]
            case Request(lane=Lane.TO_TARGET, name="exec"):
                self._started(event)
            case _:
                self._out.append(event)
        self._out += self._sight.look(self.oracle.program, at)
        return self._out

    # What comes.

    def _typed(self, event: Bytes, at: float) -> None:
        keys = self._keys.cut(event.chunk)
        if self._locked:
            return
        if self.phase is Phase.EDITING and not self._queue and not any(self._stops(key) for key in keys):
            for key in keys:
                self._press(key, at)
            self._out.append(event)
            return
        self._out.append(Hold(Lane.TO_TARGET, len(event.chunk)))
        self._queue.extend(keys)
        self._drain(at)

    def _stops(self, key: Key) -> bool:
        return key.act in (Act.COMMIT, Act.CANCEL, Act.END, Act.RARE)

    def _press(self, key: Key, at: float) -> None:
        self.oracle.press(key, at)
        self.accepting.pressed()

    def _tick(self, at: float) -> None:
        self.due = None
        for switch in self.oracle.taken():
            self.oracle.switch(switch)
            self._out += self.accepting.switched(switch)
        match self.phase:
            case Phase.RUNNING:
                self._look_for_prompt(at)
            case Phase.WEIGHING:
                self._consider(at)
            case _:
                pass
        self._drain(at)

    def _ordered(self, order: Order) -> None:
        """Let nothing that was typed before a lock pass after it."""
        if order.kind is OrderKind.LOCK:
            self._locked = True
            self._discard()
            self.phase = Phase.EDITING
            self.oracle.stays()
        elif order.kind is OrderKind.UNLOCK:
            self._locked = False

    def _ends(self, event: Event) -> None:
        if isinstance(event, Close):
            self._discard()
            self._out += self.accepting.take()
        if self._queue:
            self._last.append(event)
        else:
            self._out.append(event)

    def _started(self, event: Request) -> None:
        """Know what an ``exec`` on a terminal runs."""
        line = event.payload[4:].decode("utf-8", "surrogateescape")
        self.oracle.program = program_of(tuple(read(line).commands))
        self._out.append(event)

    # The queue.

    def _drain(self, at: float) -> None:
        """Pass keys up to one that has to be held."""
        while self._queue and self.phase is Phase.EDITING:
            key = self._queue[0]
            if self._commits(key):
                self.phase, self._expanded = Phase.WEIGHING, False
                self._consider(at)
            elif key.act is Act.RARE and self._forbidden():
                self._refuse(self._verdict(self.oracle.seen_now(), "screen"), at)
            else:
                self._pass(at)
                self._leaves(key, at)
        if not self._queue and self._last:
            self._out += self._last
            self._last = []

    def _commits(self, key: Key) -> bool:
        """Say whether a key may submit a line; in a bracketed paste it does not, while an editor reads it."""
        match key.act:
            case Act.COMMIT if key.pasted and self.oracle.editor:
                return self._forbidden()
            case Act.COMMIT:
                return True
            case Act.END:
                return self.oracle.canonical and bool(self.oracle.typing.text)
            case _:
                return False

    def _leaves(self, key: Key, at: float) -> None:
        """Follow a key that ends a line, or the program that reads, without submitting anything."""
        if key.act in (Act.CANCEL, Act.END) and self.oracle.program.reads is Reads.DATA:
            self.accepting.left()
        if key.act is Act.CANCEL and not self.oracle.in_application:
            self._cancelled(at)

    def _pass(self, at: float, press: bool = True) -> Key:
        """Pass the first key of the queue."""
        key = self._queue.popleft()
        if press:
            self._press(key, at)
        if key.raw:
            self._out += [Credit(Lane.TO_TARGET, len(key.raw)), Bytes(Lane.TO_TARGET, key.raw)]
        return key

    def _discard(self) -> None:
        """Throw away what waits."""
        count = sum(len(key.raw) for key in self._queue)
        self._queue.clear()
        if count:
            self._out.append(Credit(Lane.TO_TARGET, count))

    def _forbidden(self) -> bool:
        """Say whether the line as it stands holds what is prohibited for certain."""
        lines = tuple(self.oracle.open + line for line in self.oracle.seen_now())
        return self.judge.would_refuse(lines, self.accepting.shell, commands=False, doubts=False)

    # The line.

    def _consider(self, at: float) -> None:
        """Decide on the line whose commit key is held, if it is certain."""
        program = self.oracle.program
        if self.oracle.in_application:
            self._application(at)
            return
        if program.reads is Reads.DATA and not self.oracle.editor and self._queue[0].act is Act.COMMIT:
            self._pass_on(at)
            return
        reading = self.oracle.certain(at)
        if reading is None:
            self.due = self.oracle.due
        elif self.oracle.in_prompt:
            self._statement(reading, at)
        else:
            self._line(reading, at)

    def _line(self, reading: Reading, at: float) -> None:
        line = reading.lines[0]
        if not any(each.strip() for each in reading.lines) and not self.oracle.open:
            self._release(None, reading, at)
            return
        doubt = ""
        if any(recalls(each) for each in reading.lines):
            if prints_only(line):
                self._release(None, reading, at)
                return
            if self._expand(at):
                return
            doubt = "what of the history stands in the line is not known"
        lines = tuple(self.oracle.open + each for each in reading.lines)
        secret = not reading.echoed and not self.oracle.editor
        if secret or (not self.oracle.in_shell and self.oracle.goes_on(lines[0])):
            self._answer(lines, reading, at)
        elif not doubt and self.oracle.goes_on(lines[0]):
            self._unfinished(lines, reading, at)
        else:
            self._judged(lines, reading, at, doubt)

    def _expand(self, at: float) -> bool:
        """Have the line editor put history into the line; say whether that was asked for now."""
        key = EXPAND.get(self.oracle.flavour, b"")
        if self._expanded or not key or not self.oracle.editor:
            return False
        self._expanded = True
        self._out.append(Bytes(Lane.TO_TARGET, key))
        self.oracle.redrawn(at)
        self.due = self.oracle.due
        return True

    def _answer(self, lines: tuple[str, ...], reading: Reading, at: float) -> None:
        """Judge what may be a secret, or prose for a program: it is told if it is prohibited for certain."""
        if self.judge.would_refuse(lines, self.accepting.shell, commands=False, doubts=False):
            self._judged(lines, reading, at)
        else:
            self._release(None, reading, at)

    def _unfinished(self, lines: tuple[str, ...], reading: Reading, at: float) -> None:
        """Let the shell ask for more, unless what is there is refused already."""
        if self.judge.would_refuse(lines, self.accepting.shell, doubts=False):
            self._judged(lines, reading, at)
            return
        self._release(None, reading, at)
        self.accepting.opens(lines[0] + "\n")

    def _judged(self, lines: tuple[str, ...], reading: Reading, at: float, doubt: str = "") -> None:
        verdict = self._verdict(lines, reading.known_by, doubt)
        if reading.differs:
            body = {"command": shown(lines[0]), "reason": f"the screen shows {shown(reading.lines[-1])}"}
            self._out.append(Tell(Fact("command.opaque", {**body, "known_by": "opaque", "outcome": "differs"})))
        if verdict.outcome is Outcome.PASS:
            self._out += verdict.told
            self.oracle.open = ""
            self._release(verdict, reading, at)
        else:
            self._refuse(verdict, at)

    def _verdict(self, lines: tuple[str, ...], known_by: str, doubt: str = "") -> Verdict:
        return self.judge.weigh(lines, known_by, self.accepting.shell, doubt)

    def _application(self, at: float) -> None:
        """Judge what a full-screen program would have a shell do."""
        if at < self.oracle.due and self.oracle.typing.text.strip("hjkl"):
            self.due = self.oracle.due
            return
        code = application_code(self.oracle.command_row())
        self._foreign(code, at)

    def _statement(self, reading: Reading, at: float) -> None:
        """Judge what a statement of another language would have a shell do."""
        self._foreign(statement_code(self.oracle.program.name, reading.lines[0]), at)

    def _foreign(self, code: str, at: float) -> None:
        shell = self.accepting.shell
        if not code or not self.judge.would_refuse((code,), shell, commands=False, doubts=False):
            program = program_of(tuple(read(code, shell.copy()).commands)) if code else self.oracle.program
            keeps = not code or program.reads is not Reads.SHELL or code.startswith(program.name)
            self._pass_on(at, None if keeps else program)
            return
        self._refuse(self._verdict((code,), "screen"), at)

    # What becomes of it.

    def _pass_on(self, at: float, program: Program | None = None) -> None:
        """Pass a key that commits no line of a shell."""
        self.phase = Phase.EDITING
        key = self._pass(at, press=False)
        self.oracle.released(key, program or self.oracle.program, at)

    def _release(self, verdict: Verdict | None, reading: Reading, at: float) -> None:
        """Pass the commit key; the prompt is waited for."""
        program = self.accepting.release(verdict)
        key = self._pass(at, press=False)
        if not self.accepting.awaited:
            self._out += self.accepting.take_unseen(reading.echoed)
        self.oracle.released(key, program, at)
        self._wait(at)

    def _refuse(self, verdict: Verdict, at: float) -> None:
        """Throw the line away and say so; what waits behind it is thrown away too."""
        self._out += verdict.told
        self._discard()
        if verdict.outcome is Outcome.ENDS:
            self._out += verdict.orders
            return
        self._aborts = MOST_ABORTS
        self._out += [Notice(verdict.words), Bytes(Lane.TO_TARGET, CANCEL), *verdict.orders]
        self._cancelled(at)

    def _cancelled(self, at: float) -> None:
        self.oracle.cancelled(at)
        self.accepting.cancel()
        self._wait(at, CANCELLED if self.accepting.ceases else PATIENCE)

    def _wait(self, at: float, patience: float = PATIENCE) -> None:
        self.phase = Phase.RUNNING
        self._until = self.due = at + patience

    def _look_for_prompt(self, at: float) -> None:
        """Let keys pass again when the prompt is back, or nobody waits for it any more."""
        accepting, oracle = self.accepting, self.oracle
        if accepting.awaited and at >= oracle.drawn_at and oracle.left_behind:
            self._out += accepting.take()
        taken = not (accepting.awaited or accepting.ceases)
        if (oracle.editor or not oracle.modern) and taken and self._prompted(at):
            self._go_on(at)
        elif at < self._until:
            quiet = oracle.drawn_at
            self.due = quiet if at < quiet < self._until else self._until
        else:
            if oracle.editor and accepting.awaited:
                accepting.untaken()
            self.phase = Phase.EDITING

    def _prompted(self, at: float) -> bool:
        """Say whether a prompt stands there, whoever wrote it."""
        shown_since = self.oracle.pace.shown > self.oracle.pace.passed
        return shown_since and self.oracle.drawn(at) and (self.oracle.modern or self.screen.cursor[0] > 0)

    def _go_on(self, at: float) -> None:
        if self._aborts and self.oracle.editor and not self.oracle.showing.ready:
            self._aborts -= 1
            self._out.append(Bytes(Lane.TO_TARGET, CANCEL))
            self._cancelled(at)
            return
        self._aborts = 0
        self.oracle.prompted()
        if self.oracle.open and self.oracle.showing.ready:
            self._out += self.accepting.overruled()
        self.phase = Phase.EDITING
