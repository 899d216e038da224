"""The gate of a terminal: every key that may submit a line is held until the line is judged.

The rule: with rules in the policy, a commit key and what comes behind it stay here until the line is certain (see
:mod:`gateway.domain.lines.oracle`); then the key is released, or the line is thrown away by Ctrl-C and the operator
told. What comes behind a released key stays until the prompt is back, or for some time: then a program reads.
A line that was accepted and that nobody released is told as *unmediated*.

Known limits: what a known full-screen program or statement reader does by itself is not seen; the seconds in it are
counted as blind. A line that is typed ahead where nothing is echoed is judged by what is prohibited alone.
"""

from __future__ import annotations

import attrs

from gateway.domain.facts import Fact
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Effect,
    End,
    Event,
    Lane,
    Notice,
    Order,
    OrderKind,
    Request,
    Tell,
    Tick,
    Withdraw,
)
from gateway.domain.lines.accepting import Accepting
from gateway.domain.lines.keys import Act, Key, Keys
from gateway.domain.lines.oracle import Oracle, Reading
from gateway.domain.lines.programs import SHELLS, Program, Reads, application_code, program_of, statement_code
from gateway.domain.lines.queue import Queue
from gateway.domain.lines.returning import MOST_ABORTS, Back, Phase, Returning
from gateway.domain.lines.scan import prints_only, recalls
from gateway.domain.lines.sight import Sight
from gateway.domain.review import CANCEL, Decision, Review
from gateway.domain.screen import Screen
from gateway.domain.shell import read
from gateway.domain.verdict import Judge, Outcome, Verdict, shown

TICKET = -2
"""This gate's ticket: a terminal has one line at a time, and so one question about it."""
EXPAND = {"bash": b"\x1b^", "zsh": b"\x1b!"}
"""The keys by which a line editor puts history into the line."""
_STOPS = frozenset({Act.COMMIT, Act.CANCEL, Act.END, Act.RARE})


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
    _queue: Queue = attrs.field(init=False, factory=Queue)
    _returning: Returning = attrs.field(init=False)
    _sight: Sight = attrs.field(init=False, factory=Sight)
    _out: list[Event | Effect] = attrs.field(init=False, factory=list)
    _reviewed: tuple[Verdict, Reading] | None = attrs.field(init=False, default=None)
    _expanded: bool = attrs.field(init=False, default=False)
    _locked: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        """Begin with a shell."""
        self.oracle = Oracle(self.screen)
        self.accepting = Accepting(self.judge, self.oracle)
        self._returning = Returning(self.oracle, self.accepting)

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
            case Answered():
                self._answered(event.answer, at)
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
        free = self.phase is Phase.EDITING and not self._queue.keys and not self.oracle.bound
        if free and not any(key.act in _STOPS for key in keys):
            for key in keys:
                self._press(key, at)
            self._out.append(event)
            return
        self._out += self._queue.hold(keys, len(event.chunk))
        if self._reviewed is not None and self._queue.cancels():
            self._take_back(self._reviewed[0], at)
        self._drain(at)

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
            self._out += [*self._withdrawn(), *self._queue.discard()]
            self.phase = Phase.EDITING
            self.oracle.stays()
        elif order.kind is OrderKind.UNLOCK:
            self._locked = False

    def _ends(self, event: Event) -> None:
        if isinstance(event, Close):
            self._out += [*self._withdrawn(), *self._queue.discard(), *self.accepting.take()]
        self._out += self._queue.end(event)

    def _started(self, event: Request) -> None:
        """Know what an ``exec`` on a terminal runs."""
        line = event.payload[4:].decode("utf-8", "surrogateescape")
        self.oracle.program = program_of(tuple(read(line).commands))
        self._out.append(event)

    # The queue.

    def _drain(self, at: float) -> None:
        """Pass keys up to one that has to be held."""
        while self._queue.keys and self.phase is Phase.EDITING:
            key = self._queue.keys[0]
            if self._commits(key):
                self.phase, self._expanded = Phase.WEIGHING, False
                self._consider(at)
            elif (key.act is Act.RARE or (self.oracle.bound and key.act is not Act.TEXT)) and self._forbidden():
                self._refuse(self._verdict(self._standing(), "screen"), at)
            else:
                self._press(key, at)
                self._pass()
                self._leaves(key, at)
        self._out += self._queue.ended()

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

    def _pass(self) -> Key:
        """Pass the first key that waits."""
        key, passed = self._queue.first()
        self._out += passed
        return key

    def _forbidden(self) -> bool:
        """Say whether the line as it stands holds what is prohibited for certain."""
        lines = self.oracle.meanings(self._standing())
        return self.judge.would_refuse(lines, self.accepting.shell, commands=False, doubts=False)

    def _standing(self) -> tuple[str, ...]:
        """Return the readings of what a key might submit now: text in an editor is nobody's command."""
        if self.oracle.in_application:
            return (application_code(self.oracle.command_row()),)
        return tuple(self.oracle.open + line for line in self.oracle.seen_now())

    # The line.

    def _consider(self, at: float) -> None:
        """Decide on the line whose commit key is held, if it is certain."""
        program = self.oracle.program
        if self.oracle.in_application:
            self._application(at)
            return
        if program.reads is Reads.DATA and not self.oracle.editor and self._queue.keys[0].act is Act.COMMIT:
            self._pass_on(at)
            return
        reading = self.oracle.certain(at)
        if reading is None:
            self.due = self.oracle.due
        elif self.oracle.in_prompt:
            self._foreign(statement_code(self.oracle.program.name, reading.lines[0]), at)
        else:
            self._line(reading, at)

    def _line(self, reading: Reading, at: float) -> None:
        line = reading.lines[0]
        if not any(each.strip() for each in reading.lines) and not self.oracle.open:
            self._release(None, reading, at)
            return
        doubt = reading.doubt
        if not doubt and any(recalls(each) for each in reading.lines):
            if prints_only(line):
                self._release(None, reading, at)
                return
            if self._expand(at):
                return
            doubt = "what of the history stands in the line is not known"
        lines = self.oracle.meanings(tuple(self.oracle.open + each for each in reading.lines))
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
        match verdict.outcome:
            case Outcome.PASS:
                self._out += verdict.told
                self.oracle.open = ""
                self._release(verdict, reading, at)
            case Outcome.REVIEW:
                self._out += verdict.told
                self.phase, self._reviewed = Phase.REVIEWING, (verdict, reading)
                self._out.append(Ask(TICKET, Lane.TO_TARGET, Review(verdict.line, verdict.rule, reading.known_by)))
            case _:
                self._refuse(verdict, at)

    def _verdict(self, lines: tuple[str, ...], known_by: str, doubt: str = "") -> Verdict:
        return self.judge.weigh(lines, known_by, self.accepting.shell, doubt)

    def _application(self, at: float) -> None:
        """Judge what a full-screen program would have a shell do."""
        if at < self.oracle.due and self.oracle.typing.text.strip("hjkl"):
            self.due = self.oracle.due
            return
        self._foreign(application_code(self.oracle.command_row()), at)

    def _foreign(self, code: str, at: float) -> None:
        """Judge what another language would have a shell do."""
        shell = self.accepting.shell
        if not code or not self.judge.would_refuse((code,), shell, commands=False, doubts=False):
            commands = read(code, shell.copy()).commands if code else []
            started = program_of(tuple(commands[1:] if self.oracle.in_prompt and len(commands) > 1 else commands))
            self._pass_on(at, started if started.name in SHELLS else None)
            return
        self._refuse(self._verdict((code,), "screen"), at)

    # What becomes of it.

    def _pass_on(self, at: float, program: Program | None = None) -> None:
        """Pass a key that commits no line of a shell."""
        self.phase = Phase.EDITING
        key = self._pass()
        self.oracle.released(key, program or self.oracle.program, at)

    def _release(self, verdict: Verdict | None, reading: Reading, at: float) -> None:
        """Pass the commit key; the prompt is waited for."""
        program = self.accepting.release(verdict)
        key = self._pass()
        if not self.accepting.awaited:
            self._out += self.accepting.take_unseen(reading.echoed)
        self.oracle.released(key, program, at)
        self._wait(at)

    def _refuse(self, verdict: Verdict, at: float) -> None:
        """Throw the line away and say so; what waits behind it is thrown away too."""
        self._out += verdict.told
        if verdict.outcome is Outcome.ENDS:
            self._out += [*self._queue.discard(), *verdict.orders]
            return
        self._throw_away((*verdict.refused, Notice(verdict.words)), at)
        self._out += verdict.orders

    def _throw_away(self, told: tuple[Effect, ...], at: float) -> None:
        self._out += [*self._queue.discard(), *told, Bytes(Lane.TO_TARGET, CANCEL)]
        self._returning.aborts = MOST_ABORTS
        self._cancelled(at)

    def _cancelled(self, at: float) -> None:
        self.oracle.cancelled(at)
        self.accepting.cancel()
        self._wait(at, cancelled=True)

    def _wait(self, at: float, cancelled: bool = False) -> None:
        self.phase = Phase.RUNNING
        self.due = self._returning.begin(at, cancelled)

    def _look_for_prompt(self, at: float) -> None:
        """Let keys pass again when the prompt is back."""
        back, told = self._returning.look(at)
        self._out += told
        match back:
            case Back.LATER:
                self.due = self._returning.due(at)
            case Back.AGAIN:
                self._out.append(Bytes(Lane.TO_TARGET, CANCEL))
                self._cancelled(at)
            case _:
                self.phase = Phase.EDITING

    # The review.

    def _answered(self, decision: Decision, at: float) -> None:
        """Release the line that approvers agreed to; throw away another."""
        if self._reviewed is None:
            return
        (verdict, reading), self._reviewed = self._reviewed, None
        if decision.given:
            self._out.append(Notice(f'"{verdict.line}" was {decision.words}'))
            self.oracle.open = ""
            self._release(verdict, reading, at)
        else:
            words = f'"{verdict.line}" was not approved: {decision.words}'
            self._throw_away((*verdict.refused, Notice(words)), at)
        self._drain(at)

    def _take_back(self, verdict: Verdict, at: float) -> None:
        """Throw the line away that waits for approvers, because the operator wants it so."""
        self._out += self._withdrawn()
        self._throw_away((Notice(f'"{verdict.line}" was withdrawn; it did not run'),), at)

    def _withdrawn(self) -> tuple[Effect, ...]:
        """Take a question back."""
        reviewed, self._reviewed = self._reviewed, None
        return () if reviewed is None else (*reviewed[0].refused, Withdraw(TICKET))
