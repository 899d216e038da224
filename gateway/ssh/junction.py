"""Join the two ends of a channel: what arrives is weighed by the flow, what passed is written, windows follow.

The rule: between the two ends stands the flow and nothing else. Every effect is done here, in the order the flow
gave; a window is refunded only for what the other side took (see :mod:`gateway.wire.windows`). This is the one place
where an injected secret is revealed.

A lane that nobody reads takes its faster way (:func:`gateway.runtime.compose.way_now`); whether that is so is asked
after every event, so a lock has the lane back in the turn it is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs
from twisted.internet.interfaces import IDelayedCall

from gateway.domain.flow import FAILED, Flow
from gateway.domain.lane import (
    Ask,
    Bytes,
    Close,
    Effect,
    End,
    EndSession,
    Event,
    GiveOrder,
    Inject,
    Lane,
    LaneEvent,
    Notice,
    Refuse,
    Request,
    Resize,
    Tell,
    Tick,
    Withdraw,
)
from gateway.domain.notice import line
from gateway.domain.rights import Kind
from gateway.runtime.compose import TRANSFERRING, WAYS, Way, sieve_of, way_now
from gateway.runtime.record import Recorder
from gateway.runtime.run import Run
from gateway.ssh.questions import Questions
from gateway.wire.channels import ChannelEnd
from gateway.wire.splice import Splice
from gateway.wire.windows import credit_due

TYPED = 1024
"""The window of a terminal whose command line waits for approvers."""
MOST_QUEUED = 512 * 1024
"""Bytes waiting for a side from which on no answer is brought, and nothing more taken from an operator."""
LAGGING = 0.01
"""Seconds after which one looks again whether the recorder's hash has caught up."""


class Channel(Protocol):
    """What the junction asks of the channel it joins."""

    terminal: bool
    speaks: bool
    """Whether there is a place for the gateway's own lines."""

    def passed_request(self, request: Request) -> None:
        """Do with a request that passed the gates what its kind needs."""

    def refused(self, code: int, text: str | None) -> None:
        """Say the line, give the code, close."""

    def carried(self, lane: Lane, count: int) -> None:
        """Note bytes that passed beside the flow."""


class Hashing(Protocol):
    """Whoever hashes what passes."""

    @property
    def lags(self) -> bool:
        """Say whether more waits to be hashed than should."""


@attrs.define(eq=False)
class Junction:
    """Hold the two ends of a channel and the flow between them."""

    run: Run
    channel: Channel
    operator: ChannelEnd
    flow: Flow
    target: ChannelEnd | None = None
    waiting: deque[int | None] = attrs.field(init=False, factory=deque)
    """Slots of the requests forwarded to the target that it has not answered, oldest first."""
    slots: set[int] = attrs.field(init=False, factory=set)
    """Slots of the operator's requests that nobody has answered."""
    kind: Kind | None = None
    """What decides how the lanes travel; None while it is not known."""
    questions: Questions = attrs.field(init=False)
    _later: IDelayedCall | None = attrs.field(init=False, default=None)
    _splices: dict[Lane, Splice] = attrs.field(init=False, factory=dict)
    _faster: tuple[Lane, ...] = attrs.field(init=False, default=())
    _lagging: IDelayedCall | None = attrs.field(init=False, default=None)
    _ticking: IDelayedCall | None = attrs.field(init=False, default=None)
    _mediates: list[Hashing] = attrs.field(init=False, factory=list)
    """Gates that may have to hash or copy what passes."""

    def __attrs_post_init__(self) -> None:
        """Know which lanes have a faster way, and whom to ask."""
        self.questions = Questions(self.run, self.say, self.feed, self._roomy)
        if self.kind is not None:
            self.become(self.kind, self.flow)

    def become(self, kind: Kind, flow: Flow) -> None:
        """Take the flow of a channel whose kind is known now; a terminal's every byte goes through it."""
        self.kind, self.flow = kind, flow
        self._mediates = [each for each in self._hashing() if isinstance(each, TRANSFERRING)]
        lanes = () if self.channel.terminal else tuple(Lane)
        self._faster = tuple(lane for lane in lanes if WAYS[kind][lane] is not Way.MEDIATE)
        self._choose_ways()

    def feed(self, event: Event) -> None:
        """Weigh an event and do what comes of it."""
        flow = self.flow
        for effect in flow.feed(event, self.run.at):
            if self.flow is not flow and isinstance(effect, LaneEvent):
                self.feed(effect)  # released by a flow that was replaced meanwhile: the new one weighs it too
            else:
                self._do(effect)
        self._choose_ways()
        self._await_tick()
        self.settle()
        source = self.operator if isinstance(event, Bytes) and event.lane is Lane.TO_TARGET else self.target
        if self._mediates and isinstance(event, Bytes) and source is not None:
            self._keep_pace(self._mediates, source)

    def _await_tick(self) -> None:
        """See to it that a gate which waits for a time hears of it."""
        due = self.flow.due
        if due is None:
            return
        later = max(0.0, due - self.run.at)
        if self._ticking is None:
            self._ticking = self.run.workings.clock.callLater(later, self._tick)
        elif later < self._ticking.getTime() - self.run.workings.clock.seconds():
            self._ticking.reset(later)

    def _tick(self) -> None:
        self._ticking = None
        self.feed(Tick())

    def _choose_ways(self) -> None:
        """Give each lane the way it may take now."""
        for lane in self._faster:
            way, splice = way_now(self.kind, lane, self.flow), self._splices.get(lane)
            if way is Way.MEDIATE and splice is not None:
                splice.shut()
                del self._splices[lane]
            elif way is not Way.MEDIATE and splice is None and self.target is not None:
                source, sink = self.operator, self.target
                if lane is Lane.TO_OPERATOR:
                    source, sink = sink, source
                sieve = sieve_of(self.flow, lane) if way is Way.SIFT else None
                self._splices[lane] = Splice(source, sink, self._passing(lane, way, source), sieve)
                self._splices[lane].open()

    def _passing(self, lane: Lane, way: Way, source: ChannelEnd) -> Callable[[int, memoryview], None]:
        recorders = [tap for tap in self.flow.taps if isinstance(tap, Recorder)]
        hashing = self._hashing()

        def passed(count: int, view: memoryview) -> None:
            self.channel.carried(lane, count)
            for recorder in recorders:
                recorder.passed(lane, count, None if way is Way.SPLICE else view)
            self._keep_pace(hashing, source)

        return passed

    def _hashing(self) -> list[Hashing]:
        gates = [gate for gate in self.flow.gates if isinstance(gate, TRANSFERRING)]
        return [*gates, *(tap for tap in self.flow.taps if isinstance(tap, Recorder))]

    def _keep_pace(self, hashing: Sequence[Hashing], source: ChannelEnd) -> None:
        for each in hashing:
            if self._lagging is None and each.lags:
                self._wait_for(each, source)

    def _wait_for(self, hashing: Hashing, source: ChannelEnd) -> None:
        """Read nothing from where the bytes come from until their hash has caught up."""
        self._lagging = None
        if hashing.lags:
            source.sender.pause_reading(self._why)
            self._lagging = self.run.workings.clock.callLater(LAGGING, self._wait_for, hashing, source)
        else:
            source.sender.resume_reading(self._why)

    @property
    def _why(self) -> str:
        return f"the hash of channel {self.operator.local} lags"

    def stop(self) -> None:
        """Let nothing pass any more."""
        self.flow.ended = True
        self.questions.withdraw_all()
        self._choose_ways()

    def say(self, text: str) -> None:
        """Tell the operator one line, recorded like everything he sees."""
        for effect in self.flow.say(text, self.run.at):
            self._do(effect)

    def answer(self, slot: int | None, ok: bool) -> None:
        """Answer one request of the operator."""
        if slot is not None:
            self.slots.discard(slot)
            self.operator.reply(slot, ok)

    def answer_all(self, ok: bool) -> None:
        """Answer every request that is still open."""
        for slot in sorted(self.slots):
            self.answer(slot, ok)
        self.waiting.clear()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Bytes() | End() | Close():
                self._carry(effect)
            case Resize():
                self.ask_target("window-change", effect.payload, None)
            case Request(lane=Lane.TO_TARGET):
                self.channel.passed_request(effect)
            case Request():
                self.operator.request(effect.name, effect.payload, wants_reply=False)
            case Notice() if self.channel.speaks:
                words = line(effect.text, self.channel.terminal) if effect.drawn is None else effect.drawn
                self.operator.write(words, stderr=not self.channel.terminal)
            case Inject() if self.target is not None:
                self.target.write(effect.secret.reveal())
                effect.secret.wipe()
            case Tell():
                self.run.tell(effect.fact)
            case Refuse():
                self.channel.refused(effect.code, effect.text)
            case GiveOrder():
                self.run.order_by_rule(effect)
            case EndSession():
                self.run.end(effect.code, effect.reason, effect.text)
            case Withdraw():
                self.questions.withdraw(effect.ticket)
            case Ask():
                self._ask(effect)
            case _:
                pass

    def _ask(self, ask: Ask) -> None:
        """Ask, and let a terminal type a little before its program runs: sshd grants nothing, and Ctrl-C must come."""
        if not self.questions.ask(ask):
            self.run.end(FAILED, "unanswerable", "nobody can be asked in this version; the session is over")
        elif self.channel.terminal and not self.operator.granted:
            self.operator.grant(TYPED)

    def _roomy(self) -> bool:
        """Say whether both sides have taken most of what was written to them."""
        return all(end is None or end.queued <= MOST_QUEUED for end in (self.operator, self.target))

    def _carry(self, effect: Bytes | End | Close) -> None:
        end = self.target if effect.lane is Lane.TO_TARGET else self.operator
        if end is None:
            return
        match effect:
            case Bytes():
                end.write(effect.chunk, effect.stderr)
            case End():
                end.end()
            case Close():
                end.close()

    def ask_target(self, name: str, payload: bytes, slot: int | None) -> None:
        """Forward a request; its answer becomes the answer of ``slot``."""
        if self.target is None:
            self.answer(slot, False)
            return
        if slot is not None:
            self.waiting.append(slot)
        self.target.request(name, payload, wants_reply=slot is not None)

    def target_answered(self, ok: bool) -> None:
        """Pass the target's answer on."""
        if self.waiting:
            self.answer(self.waiting.popleft(), ok)

    def settle(self) -> None:
        """Refund both windows for what the other side took; output's later, where recording must keep pace."""
        self.questions.bring()
        operator, target = self.operator, self.target
        if target is None or target.remote < 0:
            return
        held = self.flow.held
        # What the gateway itself answers has no window of the target behind it: who does not read it asks no more.
        if not operator.got_close and operator.queued <= MOST_QUEUED:
            operator.grant(credit_due(target.room, target.queued + held(Lane.TO_TARGET), operator.granted))
        due = credit_due(operator.room, operator.queued + held(Lane.TO_OPERATOR), target.granted)
        if not due or target.got_close:
            return
        pause = self.run.pause()
        if pause <= 0:
            target.grant(due)
        elif self._later is None:
            self._later = self.run.workings.clock.callLater(min(pause, 1.0), self._settle_later)

    def _settle_later(self) -> None:
        self._later = None
        self.settle()

    def over(self) -> None:
        """Forget what is pending: both ends are closed."""
        self.stop()
        for call in (self._later, self._lagging, self._ticking):
            if call is not None and call.active():
                call.cancel()
        for end in (self.operator, self.target):
            if self._lagging is not None and end is not None:
                end.sender.resume_reading(self._why)
        self._later = self._lagging = self._ticking = None
