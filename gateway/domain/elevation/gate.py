r"""The gate that has the gateway answer a prompt for a password on the operator's terminal.

The rule, as a table; whatever is not in it leaves the state as it is:

========  =======================================  ==================================================================
state     what happens                             what follows
========  =======================================  ==================================================================
IDLE      the last line shown is a prompt          SEEN: keys are held
SEEN      more is shown                            IDLE, or SEEN again; the keys go on
SEEN      nothing is shown for :data:`QUIET`       PROVING: somebody outside is asked who asks
PROVING   it is proven                             ANSWERED: the line is written, once
PROVING   it is not, or too late, or more is shown IDLE: nothing was written, the keys go on
ANSWERED  a line's end is shown                    TAKEN
ANSWERED  nothing for :data:`SILENCE`              suspected theft: Ctrl-C
TAKEN     a prompt again                           PROVING: another program may ask
PROVING   the one that was answered asks again     AGAIN: it may still take what was written, after what was typed ahead
TAKEN     other words, or nothing for long         IDLE: it worked; the keys go on
AGAIN     a line's end is shown                    TAKEN, for the last time
AGAIN     nothing for :data:`PATIENCE`             failed: Ctrl-C
any       Ctrl-C, Ctrl-Z, Ctrl-\ typed              IDLE: the keys held are dropped, this one goes on; but it waits for
                                                   TAKEN when ANSWERED
any       a lock                                   IDLE: the keys held are dropped, nothing is written
========  =======================================  ==================================================================

One process is answered once. After a failure nothing is answered in this session any more: an account is not locked
out by us. From the first answer on the secret is taken out of everything the terminal shows.

Known limits: a program that prints a line's end and takes the secret for itself is not told from success; what repeats
the secret in another form (backwards, in hex) is not taken out.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import attrs

from gateway.domain.elevation.prompts import LastLine, Prompts
from gateway.domain.elevation.question import AGAIN, Proven, Tried, Wanted, Withheld
from gateway.domain.facts import Fact
from gateway.domain.lane import (
    Answered,
    Ask,
    Bytes,
    Close,
    Effect,
    Event,
    Inject,
    Lane,
    Mark,
    Notice,
    Order,
    OrderKind,
    Request,
    Tell,
    Tick,
    Withdraw,
)
from gateway.domain.secret import Matcher

TICKET = -3
"""This gate's ticket: one prompt, one question."""
QUIET = 0.03
"""Seconds for which nothing is shown after a prompt."""
PROOF = 5.0
"""Seconds within which it has to be proven who asks."""
SILENCE = 3.0
"""Seconds without a line's end after which somebody else than the asker has read the line."""
PATIENCE = 2.0
"""Seconds in which a second prompt may take what was written before it."""
SETTLED = 2.5
"""Seconds after which a taken answer that nothing followed has worked: PAM lets a wrong one wait for less."""
UNDECIDED = 0.05
"""Seconds after which shown bytes that only begin like the secret are let go."""
MOST_KEYS = 4096
"""Bytes of keys that are held, as many as a terminal's own line holds; what is typed beyond them is dropped."""
LATE = Withheld("timeout", "it could not be proven in time who asks")
CANCELS = b"\x03\x1a\x1c"
DONE = frozenset({"exit-status", "exit-signal"})


class State(enum.Enum):
    """Where the gate stands; see the table."""

    IDLE = "idle"
    SEEN = "seen"
    PROVING = "proving"
    ANSWERED = "answered"
    TAKEN = "taken"
    AGAIN = "again"


_LIMITS = {State.SEEN: QUIET, State.PROVING: PROOF, State.ANSWERED: SILENCE, State.TAKEN: SETTLED,
           State.AGAIN: PATIENCE}  # fmt: skip


@attrs.define(eq=False)
class ElevationGate:
    """Answer one terminal's prompts; without prompts it passes everything."""

    prompts: Prompts | None
    tried: Tried
    state: State = attrs.field(default=State.IDLE, init=False)
    _line: LastLine = attrs.field(init=False, factory=LastLine)
    _keys: bytearray = attrs.field(init=False, factory=bytearray, repr=False)
    _until: float | None = attrs.field(init=False, default=None)
    _matcher: Matcher | None = attrs.field(init=False, default=None)
    _release: float | None = attrs.field(init=False, default=None)
    """When shown bytes that are kept back are let go."""
    _told: dict[str, object] = attrs.field(init=False, factory=dict)
    _twice: bool = attrs.field(init=False, default=False)
    _over: bool = attrs.field(init=False, default=False)
    """Whether what ran on the terminal has ended: what remains on it is nobody's."""

    @property
    def active(self) -> bool:
        """Say whether it has anything to do on this channel."""
        return self.prompts is not None

    @property
    def due(self) -> float | None:
        """When it wants a tick."""
        return min((at for at in (self._until, self._release) if at is not None), default=None)

    def weigh(self, event: Event, at: float) -> Iterator[Event | Effect]:
        """Pass, hold, ask and answer."""
        match event:
            case Tick():
                yield from self._ticked(at)
            case Order():
                if event.kind is OrderKind.LOCK:
                    yield from self._given_up()
            case Answered():
                yield from self._answered(event.answer, at)
            case Bytes(lane=Lane.TO_OPERATOR) if self.active:
                yield from self._redacted(event, at)
                yield from self._shown(event.chunk, at)
            case Bytes() if self.state is not State.IDLE:
                yield from self._typed(event)
            case Request(lane=Lane.TO_OPERATOR, name=name) if name in DONE:
                self._over = True
                yield from self._given_up()
                yield event
            case Close():
                yield from self._given_up()
                yield from self._let_go()
                yield event
            case _:
                yield event

    # What is shown.

    def _redacted(self, event: Bytes, at: float) -> Iterator[Bytes]:
        if self._matcher is None:
            yield event
            return
        shown = self._matcher.feed(event.chunk)
        self._release = at + UNDECIDED if self._matcher.holds else None
        if shown:
            yield Bytes(event.lane, shown, event.stderr)

    def _let_go(self) -> Iterator[Bytes]:
        self._release = None
        if self._matcher is not None and self._matcher.holds:
            yield Bytes(Lane.TO_OPERATOR, self._matcher.flush())

    def _shown(self, chunk: bytes, at: float) -> Iterator[Event | Effect]:
        self._line.feed(chunk)
        match self.state:
            case State.IDLE:
                self._look(at)
            case State.SEEN:
                yield from self._look_again(at)
            case State.PROVING:
                yield Withdraw(TICKET)
                yield from self._look_again(at)
            case State.ANSWERED | State.AGAIN if b"\n" in chunk or b"\r" in chunk:
                self._enter(State.TAKEN, at)
                yield from self._taken(chunk.lstrip(b"*"), at)
            case State.TAKEN:
                yield from self._taken(chunk, at)
            case _:
                pass

    def _taken(self, chunk: bytes, at: float) -> Iterator[Bytes]:
        """Look soon at what follows an answer; a key that cancels has waited until the answer was taken."""
        if chunk.strip():
            self._until = at + QUIET
        if self._keys[:1] and self._keys[0] in CANCELS:
            self._enter(State.IDLE)
            yield from self._release_keys()

    def _look(self, at: float) -> None:
        """See whether the last line is a prompt."""
        if not (self._over or self.tried.failed) and self._prompted():
            self._enter(State.SEEN, at)

    def _look_again(self, at: float) -> Iterator[Bytes]:
        self._enter(State.IDLE)
        self._look(at)
        if self._until is None:
            yield from self._release_keys()

    def _prompted(self) -> bool:
        return self.prompts is not None and self.prompts.match(self._line.text())

    # What is typed.

    def _typed(self, event: Bytes) -> Iterator[Event | Effect]:
        found = [event.chunk.rfind(key) for key in CANCELS]
        if max(found) < 0:
            self._keys += event.chunk[: MOST_KEYS - len(self._keys)]
            return
        cancel = event.chunk[max(found) :]
        if self.state is State.ANSWERED:
            self._keys[:] = cancel  # nobody may be woken before the line is read: it would be there for the next reader
            return
        yield from self._given_up()
        yield Bytes(event.lane, cancel)

    def _release_keys(self) -> Iterator[Bytes]:
        if self._keys:
            keys, self._keys = bytes(self._keys), bytearray()
            yield Bytes(Lane.TO_TARGET, keys)

    # Time and answers.

    def _enter(self, state: State, at: float = 0.0) -> None:
        self.state = state
        limit = _LIMITS.get(state)
        self._until = None if limit is None else at + limit

    def _ticked(self, at: float) -> Iterator[Event | Effect]:
        if self._release is not None and at >= self._release:
            yield from self._let_go()
        if self._until is None or at < self._until:
            return
        match self.state:
            case State.SEEN:
                yield from self._asked(at)
            case State.PROVING:
                yield from self._refused(LATE, Withdraw(TICKET))
            case State.ANSWERED:
                yield from self._stolen()
            case State.TAKEN if self._prompted() and not self._twice:
                yield from self._asked(at)
            case State.TAKEN if not self._prompted():
                self._enter(State.IDLE)
                yield from self._release_keys()
            case _:
                yield from self._wrong()

    def _asked(self, at: float) -> Iterator[Effect]:
        assert self.prompts is not None  # noqa: S101 - nothing is seen without prompts
        self._told = {"program": self.prompts.program, "method": self.prompts.method}
        self._enter(State.PROVING, at)
        yield Ask(TICKET, Lane.TO_TARGET, Wanted(self.prompts.program, self.prompts.method))

    def _answered(self, answer: Proven | Withheld, at: float) -> Iterator[Event | Effect]:
        if isinstance(answer, Withheld):
            if answer.reason == AGAIN:
                self._twice = True
                self._enter(State.AGAIN, at)
            else:
                yield from self._refused(answer)
            return
        self._told |= {"argv": list(answer.argv), "proof": answer.level}
        self._line.clear()
        self._twice = False
        yield from self._let_go()
        self._matcher = answer.secret.matcher()
        self._enter(State.ANSWERED, at)
        yield Inject(Lane.TO_TARGET, answer.line)
        yield Mark("elevation: secret typed by the gateway")

    def _refused(self, answer: Withheld, first: Effect | None = None) -> Iterator[Event | Effect]:
        self._enter(State.IDLE)
        if first is not None:
            yield first
        if answer.words:
            yield Tell(Fact("elevation.refused", {**self._told, "reason": answer.reason}))
            yield Notice(f"this prompt is not answered: {answer.words}")
        yield from self._release_keys()

    def _given_up(self) -> Iterator[Effect]:
        """Go back to the beginning, and drop the keys that are held."""
        self._keys.clear()
        if self.state is State.PROVING:
            yield Withdraw(TICKET)
        self._line.clear()
        self._enter(State.IDLE)

    def _stolen(self) -> Iterator[Event | Effect]:
        yield Tell(Fact("elevation.suspected_theft", {**self._told, "reason": "silence"}))
        words = "what was typed did not reach what asked for it; an administrator was told, nothing more is answered"
        yield from self._stopped(words)

    def _wrong(self) -> Iterator[Event | Effect]:
        yield Tell(Fact("elevation.failed", {**self._told, "reason": "wrong"}))
        words = "the gateway's answer was not accepted; nothing more is answered in this session, tell an administrator"
        yield from self._stopped(words)

    def _stopped(self, words: str) -> Iterator[Event | Effect]:
        self.tried.failed = True
        yield from self._given_up()
        yield Bytes(Lane.TO_TARGET, b"\x03")
        yield Notice(words)
