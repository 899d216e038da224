"""One running session: its frozen Grant, its channels, its recording, its clock and its end.

The rule: after the start nothing enters but events of its own channels and immediate orders, and nothing of where
policies come from can be reached. Whatever ends it – the operator, the target, an order, a rule, the clock, a
failure – goes through :meth:`Run.end` or :meth:`Run.cut`, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gateway.domain.budget import Budget
from gateway.domain.depot import Depot
from gateway.domain.echo import EchoMask
from gateway.domain.elevation import Tried
from gateway.domain.facts import Fact
from gateway.domain.flow import Flow, Tap
from gateway.domain.grant import Grant
from gateway.domain.lane import GiveOrder, Order, OrderKind
from gateway.domain.lock import Lock, Subject
from gateway.domain.rights import OPAQUE, Kind
from gateway.domain.risk import Risk
from gateway.domain.screen import Screen
from gateway.domain.session import State
from gateway.domain.transfer import Desk
from gateway.domain.verdict import Attempts, shown
from gateway.interfaces import IFacts, IRecording, ITrack
from gateway.runtime.compose import Makings, early_flow, flow_of, unfinished
from gateway.runtime.neighbours import Ask, Connections, Leg
from gateway.runtime.record import STORED, Recorder
from gateway.runtime.shown import Showing, Trail
from gateway.runtime.stage import Stage

log = Logger()

ANNOUNCED = (600.0, 60.0)
"""Seconds before the end at which the operator is told."""
NO_FLOW = Flow(())
BEGINNING = 60.0
"""Seconds after which a session that no connection took up is over."""


@attrs.frozen
class Workings:
    """What a session runs on. ``wall`` gives seconds since the epoch, the clock monotonic ones."""

    clock: IReactorTime
    wall: Callable[[], float]
    facts: IFacts
    user_budget: Budget
    ended: Callable[[Run], None]
    rule_order: Callable[[Run, GiveOrder], None]
    ask: Ask
    depot: Callable[[Run, int], Depot]
    """Makes the place where a channel's files lie while they are evaluated."""
    answering: Mapping[type, Answering] = attrs.field(factory=dict)
    """Who answers which kind of question; a question that is not here ends the session."""


Answering = Callable[["Run", Any], "Deferred[Any]"]
"""Answers a question of a gate: the session that asks, and what it asks. A failure ends the session."""


@attrs.define(eq=False, repr=False)
class Run:
    """Run one session."""

    id: str
    grant: Grant
    workings: Workings
    recording: IRecording | None = None
    connections: Connections | None = None
    state: State = State.WAITING
    protocol: str = ""
    locks: dict[str, Lock] = attrs.field(factory=dict)
    legs: dict[int, Leg] = attrs.field(factory=dict)
    recorders: dict[int, Recorder] = attrs.field(factory=dict)
    stages: dict[int, Stage] = attrs.field(factory=dict)
    """What each channel shows, and to whom."""
    risk: Risk = attrs.field(factory=Risk)
    purpose: dict[str, str] = attrs.field(factory=dict)
    """The reason and ticket that were given for it."""
    ended_because: str = ""
    effective_at: float = 0.0
    when_empty: Callable[[], None] | None = None
    """Called when the last channel is closed, where that ends the session."""
    _flows: dict[int, Flow] = attrs.field(init=False, factory=dict)
    _attempts: Attempts = attrs.field(init=False, factory=Attempts)
    _tried: Tried = attrs.field(init=False, factory=Tried)
    _budget: Budget = attrs.field(init=False, factory=Budget)
    _channels: int = attrs.field(init=False, default=0)
    _epoch: float = attrs.field(init=False, default=0.0)
    _touched: float = attrs.field(init=False, default=0.0)
    _warned: float = attrs.field(init=False, default=float("inf"))

    def __attrs_post_init__(self) -> None:
        """Start the session's clock; know the thresholds of its risk."""
        self.risk.thresholds = self.grant.policy.restrictions.risk
        self._epoch = self._touched = self.workings.clock.seconds()

    # Identity and time.

    @property
    def at(self) -> float:
        """Seconds since the session's start."""
        return self.workings.clock.seconds() - self._epoch

    @property
    def idle(self) -> float:
        """Seconds since the operator last did something."""
        return self.workings.clock.seconds() - self._touched

    @property
    def locked(self) -> bool:
        """Say whether a lock covers the session."""
        return bool(self.locks)

    @property
    def subject(self) -> Subject:
        """The session as locks see it."""
        policy = self.grant.policy
        return Subject(self.id, policy.operator, policy.groups, policy.target.name)

    def identity(self) -> dict[str, Any]:
        """Return what every fact of this session carries."""
        policy = self.grant.policy
        return {
            "session": self.id, "user": policy.operator, "source": self.grant.source, "target": policy.target.name,
            "account": policy.account, "policy": policy.digest, "risk": self.risk.score,
        }  # fmt: skip

    def tell(self, fact: Fact) -> None:
        """Tell a fact of this session; its identity goes before anything the fact says itself."""
        self.commit(fact).addErrback(self._untold)

    def commit(self, fact: Fact) -> Deferred[Any]:
        """Tell a fact that somebody waits for; fails when it can not be kept, and the session is over.

        Who waits may cancel: he hears no more of it, and the fact is kept all the same.
        """
        heard: Deferred[Any] = Deferred()
        told = self.workings.facts.tell(attrs.evolve(fact, body={**fact.body, **self.identity()}))
        told.addErrback(self.not_kept, fact.kind).addCallbacks(heard.callback, heard.errback)
        return heard

    def not_kept(self, failure: Failure, kind: str) -> Failure:
        """End the session, for its facts can not be kept; hand the failure on."""
        log.error("session {session}: fact {kind} could not be kept: {reason}",
                  session=self.id, kind=kind, reason=failure.getErrorMessage())  # fmt: skip
        self.end(75, "journal_failed", "the gateway can not keep its journal; the session is over")
        return failure

    def _untold(self, failure: Failure) -> None:
        """Sink a failure that was logged and has ended the session."""

    def answering(self, question: Any) -> Deferred[Any] | None:
        """Have a gate's question answered; None where nobody answers such questions."""
        answering = self.workings.answering.get(type(question))
        return None if answering is None else answering(self, question)

    # Channels.

    def touch(self) -> None:
        """Note that the operator did something."""
        self._touched = self.workings.clock.seconds()

    def number(self, leg: Leg) -> int:
        """Give a new channel its number."""
        self._channels += 1
        self.legs[self._channels] = leg
        return self._channels

    def early(self, terminal: bool = False) -> Flow:
        """Make the flow of a channel whose kind is not known yet."""
        return early_flow(self._makings(terminal, ""))

    def compose(
        self, number: int, kind: Kind, terminal: bool, where: str, size: tuple[int, int] | None = None
    ) -> Flow:
        """Make a channel's flow and begin its track; raises OSError where recording is required and fails."""
        showing = Showing(Screen(*size or ())) if terminal and kind in STORED else None
        taps: tuple[Tap, ...] = ()
        if kind in STORED:
            kept = showing or Trail()
            self.stages[number] = stage = Stage(kept, self.workings.clock, terminal)
            taps = (kept, stage)
        if self.recording is not None:
            told: dict[str, Any] = {"command": shown(where), "kind": kind.value}
            if size is not None:
                told |= {"cols": size[0], "rows": size[1]}
            try:
                snapshot = showing.screen.snapshot if showing and self.grant.policy.restrictions.record.output else None
                track = self.recording.track(number, "pty" if terminal else kind.value, self.at, told, snapshot)
            except OSError as fault:
                if self.grant.policy.settings.record_required:
                    raise
                self.recording_failed(fault)
            else:
                self.recorders[number] = recorder = self._recorder(kind, terminal, track)
                taps = (recorder, *taps)
        self.protocol = self.protocol or kind.value
        body = {"channel": number, "channel_kind": kind.value, "command": shown(where), "opaque": kind in OPAQUE}
        self.tell(Fact("channel.opened", body))
        screen = None if showing is None else showing.screen
        makings = attrs.evolve(self._makings(terminal, where, screen), desk=partial(self._desk, number))
        flow = self._flows[number] = flow_of(kind, makings, taps)
        return flow

    def _desk(self, number: int, protocol: str) -> Desk:
        depot = self.workings.depot(self, number)
        return Desk(self.grant.policy, depot, self.risk, self.id, number, protocol)

    def _recorder(self, kind: Kind, terminal: bool, track: ITrack) -> Recorder:
        policy = self.grant.policy
        record = policy.restrictions.record
        return Recorder(
            kind=kind,
            terminal=terminal,
            track=track,
            mask=EchoMask(record.input if terminal or record.input == "full" else "off"),
            budgets=(self._budget, self.workings.user_budget),
            epoch=self._epoch,
            output=record.output,
            hashed=record.exec_hash and not terminal,
            essential=policy.settings.record_required,
        )

    def _makings(self, terminal: bool, where: str, screen: Screen | None = None) -> Makings:
        return Makings(self.grant.policy, self._attempts, self.risk, terminal, self.locked, where, screen, self._tried)

    def gone(self, number: int, exit_status: str) -> None:
        """Note that a channel is closed."""
        if self.legs.pop(number, None) is None:
            return
        for told in unfinished(self._flows.pop(number, NO_FLOW)):
            self.tell(told.fact)
        stage = self.stages.pop(number, None)
        if stage is not None:
            over = self.state is State.ENDED
            stage.close(f"{self.id} is over ({self.ended_because})" if over else f"channel {number} is closed")
        body: dict[str, Any] = {"channel": number, "exit": exit_status}
        recorder = self.recorders.pop(number, None)
        if recorder is not None:
            try:
                body |= recorder.end(self.at)
            except OSError as fault:
                self.recording_failed(fault)
        self.tell(Fact("channel.closed", body))
        if self.when_empty is not None and not self.legs and self.state is not State.ENDED:
            self.when_empty()

    def recording_failed(self, fault: OSError) -> None:
        """End the session where no record means no session; tell it in any case."""
        self.tell(Fact("recording.failed", {"reason": fault.strerror or type(fault).__name__}))
        if self.grant.policy.settings.record_required:
            self.end(75, "recording_failed", "the session can not be recorded any more; it is over")

    def pause(self) -> float:
        """Return for how many seconds output's windows are not refunded, so that recording keeps pace."""
        budgets = (self._budget, self.workings.user_budget)
        return max(budget.pause(self.workings.clock.seconds()) for budget in budgets)

    # Time.

    def tick(self, now: float) -> None:
        """Do what is due: ``now`` in seconds since the epoch."""
        if self.state is State.ENDED:
            return
        if self.connections is None and self.at > BEGINNING:
            self.cut("never_began")
            return
        for number, recorder in tuple(self.recorders.items()):
            try:
                recorder.tick(self.at)
            except OSError as fault:
                del self.recorders[number]
                self.recording_failed(fault)
        restrictions = self.grant.policy.restrictions
        if restrictions.idle_timeout and not self.locked and self.idle >= restrictions.idle_timeout:
            self.end(75, "idle", f"nothing was typed for {restrictions.idle_timeout} seconds; the session is over")
        elif self.grant.ends is not None:
            # Whichever clock says it is sooner: a clock set back must not lengthen what was granted.
            self._near_end(min(self.grant.ends - now, self.grant.ends - self.grant.at - self.at))
        if self.recording is not None and 0 < restrictions.record.maximum < self.recording.written:
            self.tell(Fact("recording.budget", {"outcome": "ended", "bytes": self.recording.written}))
            self.end(77, "record_budget", "the recording reached the size this grant permits; the session is over")

    def _near_end(self, left: float) -> None:
        if left <= 0:
            self.end(75, "expired", "the time granted for this session is over")
            return
        near = min((mark for mark in ANNOUNCED if left <= mark), default=float("inf"))
        if near < self._warned:
            self._warned = near
            self.tell(Fact("session.expiring", {"seconds": round(left)}))
            self.say(f"this session ends in {duration(left)}")

    def say(self, text: str) -> None:
        """Tell the operator one line on every channel that can show one."""
        for leg in tuple(self.legs.values()):
            leg.say(text)

    # Orders.

    def lock(self, lock: Lock, notice: str) -> bool:
        """Freeze every channel; return whether the session was free before."""
        was_free = not self.locks and self.state is not State.ENDED
        self.locks[lock.id] = lock
        if was_free:
            self._order_all(notice, lock=True)
            self.state = State.LOCKED if self.state is State.LIVE else self.state
        return was_free

    def refuse(self, code: int, reason: str, text: str) -> None:
        """Refuse a session that has not reached its target yet."""
        if self.connections is None:
            self.cut(reason)
        else:
            self.connections.refused(code, reason, text)

    def unlock(self, ids: tuple[str, ...], notice: str) -> bool:
        """Release the session when none of its locks remains; return whether it was released now."""
        if not self.locks:
            return False
        for lock_id in ids:
            self.locks.pop(lock_id, None)
        if self.locks or self.state is State.ENDED:
            return False
        self.state = State.LIVE if self.state is State.LOCKED else self.state
        self.touch()
        self._order_all(notice, lock=False)
        if self.connections is not None:
            self.connections.unlocked()
        return True

    def _order_all(self, notice: str, lock: bool) -> None:
        order = Order(OrderKind.LOCK if lock else OrderKind.UNLOCK, by="", notice=notice)
        for leg in tuple(self.legs.values()):
            leg.feed(order)

    def order_by_rule(self, order: GiveOrder) -> None:
        """Have an order given that a rule asks for."""
        self.workings.rule_order(self, order)

    # The end.

    def end(self, code: int, reason: str, text: str | None) -> None:
        """End the session in order: the line, the exit code, CLOSE; then the connections."""
        if self.state is State.ENDED:
            return
        self._over(reason)
        for leg in tuple(self.legs.values()):
            leg.finish(code, text)
        if self.connections is not None:
            self.connections.close()
        self.workings.ended(self)

    def cut(self, reason: str) -> None:
        """End the session like a lost network, in this turn."""
        if self.state is State.ENDED:
            return
        self._over(reason)
        for leg in tuple(self.legs.values()):
            leg.cut()
        if self.connections is not None:
            self.connections.cut()
        self.effective_at = self.workings.wall()
        self.workings.ended(self)

    def _over(self, reason: str) -> None:
        self.state = State.ENDED
        self.ended_because = reason
        self.effective_at = self.workings.wall()

    def summary(self) -> Mapping[str, Any]:
        """Return what ``session.ended`` says."""
        return {
            "reason": self.ended_because, "duration": round(self.at, 3), "level": self.risk.level,
            "protocol": self.protocol,
        }  # fmt: skip


def duration(seconds: float) -> str:
    """Write a duration for people."""
    return f"{round(seconds / 60)} minutes" if seconds > 90 else f"{max(1, round(seconds))} seconds"
