"""The sessions of this process: those that run, and those the journal remembers.

The rule: a session is in the roster from the moment its policy is frozen until its end is told, and every end goes
through :meth:`Roster.over`, which seals the recording and tells ``session.ended`` once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.domain.budget import Budget
from gateway.domain.facts import Entry, Fact
from gateway.domain.risk import Risk
from gateway.domain.session import State, normal
from gateway.interfaces import IFacts, IFold, IRoster
from gateway.runtime.run import Run
from gateway.runtime.story import rfc3339, story

log = Logger()

REMEMBERED = 100_000
"""Sessions kept in memory for lists; older ones are in the journal only."""


@implementer(IRoster, IFold)
@attrs.define(eq=False, repr=False)
class Roster:
    """Know every session."""

    facts: IFacts
    wall: Callable[[], float]
    node: str
    details: Callable[[str], Sequence[Entry]]
    """Reads one session's entries from the journal, oldest first."""
    today: Callable[[Run], str] = lambda run: run.grant.policy.digest
    """Returns the digest a session would be frozen with now; empty where it would be refused."""
    _running: dict[str, Run] = attrs.field(init=False, factory=dict)
    _past: OrderedDict[str, dict[str, Any]] = attrs.field(init=False, factory=OrderedDict)
    _refusals: OrderedDict[str, dict[str, Any]] = attrs.field(init=False, factory=OrderedDict)
    _budgets: dict[str, Budget] = attrs.field(init=False, factory=dict)
    _sealing: set[Deferred[None]] = attrs.field(init=False, factory=set)

    # The running ones.

    def running(self) -> tuple[Run, ...]:
        """Return the sessions of this process that have not ended."""
        return tuple(self._running.values())

    def add(self, run: Run) -> None:
        """Take a session in."""
        self._running[run.id] = run

    def budget_of(self, user: str) -> Budget:
        """Return the recording budget all sessions of a user share."""
        return self._budgets.setdefault(user, Budget(burst=2 * Budget().burst, rate=2 * Budget().rate))

    def tick(self) -> None:
        """Give every session its tick; called about once a second."""
        now = self.wall()
        for run in self.running():
            maybeDeferred(run.tick, now).addErrback(self._failed, run)

    def _failed(self, failure: Failure, run: Run) -> None:
        """Sink what a session's tick raised: that session is over, the others go on."""
        log.failure("session {session} failed", failure, session=run.id)
        run.tell(Fact("session.failed", {"where": "tick", "what": type(failure.value).__name__}))
        run.end(78, "tick_failed", "the gateway could not go on safely; the session is over")

    def over(self, run: Run) -> None:
        """Tell a session's end and seal its recording."""
        if self._running.pop(run.id, None) is None:
            return
        for number, leg in tuple(run.legs.items()):
            run.gone(number, leg.exit)
        run.tell(Fact("session.ended", dict(run.summary())))
        if run.recording is not None:
            sealing = Deferred.fromCoroutine(self._seal(run))
            self._sealing.add(sealing)
            sealing.addErrback(lambda failure: log.failure("sealing {session} failed", failure, session=run.id))
            sealing.addCallback(lambda _: self._sealing.discard(sealing))

    async def _seal(self, run: Run) -> None:
        assert run.recording is not None  # noqa: S101 - over() looked
        try:
            summary = await run.recording.seal(run.at, run.ended_because)
        except OSError as fault:
            run.tell(Fact("recording.failed", {"reason": fault.strerror or type(fault).__name__}))
            return
        run.tell(Fact("recording.sealed", dict(summary)))

    async def settled(self) -> None:
        """Wait until every recording that is being sealed is sealed."""
        while self._sealing:
            await next(iter(self._sealing))

    # The fold.

    def apply(self, entry: Entry) -> None:
        """Remember starts, ends and refusals."""
        body = entry.body
        if body is None:
            return
        match entry.kind:
            case "session.started" if body["session"] not in self._past:
                row = {key: body.get(key, "") for key in ("user", "source", "target", "account", "policy")}
                self._past[body["session"]] = {
                    **row,
                    "started": entry.time,
                    "ended": None,
                    "risk": 0,
                    "node": self.node,
                }
                while len(self._past) > REMEMBERED:
                    self._past.popitem(last=False)
            case "session.ended" if body.get("session") in self._past:
                self._past[body["session"]] |= {"ended": entry.time, "risk": body["risk"], "reason": body["reason"]}
            case "session.refused":
                self.remember(body, entry.time)
            case _:
                pass

    def remember(self, refusal: Mapping[str, Any], time: float) -> None:
        """Remember a refusal by its reference, so that ``why`` knows it as soon as the operator does."""
        self._refusals[refusal["reference"]] = {"time": time, **refusal}
        while len(self._refusals) > REMEMBERED:
            self._refusals.popitem(last=False)

    def unfinished(self) -> tuple[dict[str, Any], ...]:
        """Return what is known of sessions that began and neither run nor ended: a process died with them."""
        keys = ("user", "source", "target", "account", "policy", "risk")
        return tuple(
            {"session": name, **{key: row[key] for key in keys}}
            for name, row in self._past.items()
            if row["ended"] is None and name not in self._running
        )

    # What admins read.

    def sessions(self, *, live: bool = False) -> Sequence[Mapping[str, Any]]:
        """Return the sessions, newest first."""
        rows = [self._live(run) for run in self._running.values()]
        if not live:
            rows += [self._ended(name, row) for name, row in self._past.items() if name not in self._running]
        return sorted(rows, key=lambda row: str(row["started"]), reverse=True)

    def names(self) -> Sequence[str]:
        """Return the ids of all sessions."""
        return tuple({**self._past, **self._running})

    def find(self, prefix: str) -> Mapping[str, Any]:
        """Return all of one session."""
        name = self._name(prefix)
        run = self._running.get(name)
        row = self._live(run) if run is not None else self._ended(name, self._past[name])
        return {**row, **story(self.details(name))}

    def policy(self, prefix: str) -> tuple[str, bytes]:
        """Return a session's frozen policy."""
        name = self._name(prefix)
        run = self._running.get(name)
        if run is not None:
            return run.grant.policy.digest, run.grant.policy.canonical
        for entry in self.details(name):
            if entry.kind == "session.started" and entry.body:
                return str(entry.body["policy"]), str(entry.body["policy_text"]).encode()
        raise KeyError(prefix)

    def reference(self, ref: str) -> Mapping[str, Any]:
        """Return what stood in the way of a refusal."""
        found = self._refusals[ref.strip().upper()]
        return {**found, "time": rfc3339(found["time"])}

    def _name(self, prefix: str) -> str:
        wanted = normal(prefix)
        found = {name for name in (*self._running, *self._past) if name.startswith(wanted)}
        if wanted in found:
            return wanted
        if len(found) > 1:
            raise ValueError(f"{prefix} is the beginning of {len(found)} sessions; write more of it")
        if not found:
            raise KeyError(prefix)
        return found.pop()

    def _live(self, run: Run) -> dict[str, Any]:
        policy = run.grant.policy
        return {
            "id": run.id, "operator": policy.operator, "account": policy.account, "target": policy.target.name,
            "node": self.node, "protocol": run.protocol, "state": run.state.value, "started": rfc3339(run.grant.at),
            "ended": None, "idle_s": round(run.idle, 1), "risk": run.risk.score, "level": run.risk.level,
            "watchers": sum(stage.watchers for stage in run.stages.values()),
            "policy": policy.digest, "drifted": self.today(run) != policy.digest, "reason": "",
            "source": run.grant.source,
        }  # fmt: skip

    def _ended(self, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
        risk = Risk()
        risk.add(int(row["risk"]))
        return {
            "id": name, "operator": row["user"], "account": row["account"], "target": row["target"],
            "node": row["node"], "protocol": "", "state": (State.ENDED if row["ended"] else State.LOST).value,
            "started": rfc3339(row["started"]), "ended": row["ended"] and rfc3339(row["ended"]), "idle_s": None,
            "risk": risk.score, "level": risk.level, "watchers": 0, "policy": row["policy"], "drifted": False,
            "reason": row.get("reason", ""), "source": row["source"],
        }  # fmt: skip
