"""The door a login opens: a session, a refusal in words, or a program of the gateway.

The rule: the policy is frozen here, once, before anything of the target is touched; whoever is barred, not allowed or
ambiguous gets a door that says so on every channel. "No such target" and "not allowed" read the same.
"""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from gateway.domain.depot import Depot
from gateway.domain.entries import User
from gateway.domain.facts import Fact
from gateway.domain.grant import Grant, Refused
from gateway.domain.login import Reading
from gateway.domain.policy import FrozenPolicy
from gateway.domain.session import reference, session_id
from gateway.interfaces import IArchive, IFacts, IOperatorSource, IPolicySource
from gateway.runtime.approvals import Approvals
from gateway.runtime.orders import Orders
from gateway.runtime.roster import Roster
from gateway.runtime.run import Answering, Run, Workings
from gateway.runtime.story import rfc3339
from gateway.runtime.telling import tell
from gateway.ssh.antechamber import waits
from gateway.ssh.login import Login
from gateway.ssh.menu import Choice
from gateway.ssh.program import ProgramDoor, Refusal, refusal_door, refuse_channel
from gateway.ssh.reach import split_address
from gateway.ssh.session import SessionDoor
from gateway.ssh.target import Dialler
from gateway.wire.authority import IService
from gateway.wire.connection import Connection
from gateway.wire.hostkeys import HostKey

USAGE, TRY_LATER, DENIED, CONFIGURATION = 64, 75, 77, 78


class ForKind(Protocol):
    """Makes the program of a login that names no target."""

    def __call__(self, login: Login) -> ProgramDoor:
        """Return the door for this user."""


@attrs.frozen(eq=False, repr=False)
class Reception:
    """Everything a finished login needs to open its door."""

    operators: IOperatorSource
    policies: IPolicySource
    orders: Orders
    approvals: Approvals
    roster: Roster
    archive: IArchive
    facts: IFacts
    dialler: Dialler
    clock: Any
    wall: Callable[[], float]
    without_target: ForKind
    admitting: Callable[[], str]
    """Why no session can start now, as a line for the operator; empty where one can."""
    depot: Callable[[Run, int], Depot]
    """Makes the place where a channel's files lie while they are evaluated."""
    answering: Mapping[type, Answering] = attrs.field(factory=dict)
    """Who answers what a session's gates ask."""
    evaluating: Callable[[FrozenPolicy], Mapping[type, Answering]] = lambda policy: {}
    """Makes the inspectors of a session that starts, and says who answers what is asked about files."""
    help_contact: str = ""
    host_keys: tuple[HostKey, ...] = ()
    """All that the gateway is known by: clients are told, so that a key can be changed."""

    def open_door(self, login: Login) -> IService:
        """Return the service of a finished login."""
        return Connection(self._door(login), known_by=self.host_keys)

    def _door(self, login: Login) -> Any:
        if all(not reading.target for reading in login.readings):
            return self.without_target(login)
        readings = [reading for reading in login.readings if reading.target]
        chosen = self._choose(login.user, readings, login.source)
        opened = Refusal(USAGE, chosen) if isinstance(chosen, str) else self.session(login, chosen)
        return refusal_door(opened, self.clock) if isinstance(opened, Refusal) else opened

    def _choose(self, user: User, readings: list[Reading], source: str) -> Reading | str:
        reachable = dict(self.policies.reachable(user, source))
        allowed: list[Reading] = []
        for reading in readings:
            accounts = reachable.get(reading.target, ())
            if reading.account in accounts:
                allowed.append(reading)
            elif not reading.account:
                allowed += [attrs.evolve(reading, account=account) for account in accounts]
        allowed = list(dict.fromkeys(allowed))
        if len(allowed) == 1:
            return allowed[0]
        if not allowed:
            return readings[0] if readings[0].account else attrs.evolve(readings[0], account="?")
        shown = ", ".join(reading.written() for reading in allowed[:10])
        return f"{readings[0].written()} is not enough to say which: {shown}"

    def reachable(self, login: Login) -> list[tuple[str, str]]:
        """Return the (target, account) pairs an operator may reach now."""
        user = login.user
        found = self.policies.reachable(user, login.source)
        return [(target, account) for target, accounts in found for account in accounts]

    def may_come(self, user: User, readings: tuple[Reading, ...], source: str) -> None:
        """Go ahead to the target of a user who may be about to start a session there, where he could start it now."""
        wanted = [reading for reading in readings if reading.target]
        if not wanted or self.admitting() or not self.operators.is_active(user.name):
            return
        chosen = self._choose(user, wanted, source)
        if isinstance(chosen, str) or self.orders.barring(user.name, user.groups, chosen.target) is not None:
            return
        grant = self.policies.grant(user, chosen.target, chosen.account, source)
        if isinstance(grant, Grant) and _enforceable(grant) and not waits(grant.policy.restrictions):
            self.dialler.approaches.begin(user.name, grant.target)

    def begin_chosen(self, login: Login, chosen: Choice) -> None:
        """Go on in a channel of the menu with the session that was chosen there."""
        opened = self.session(login, Reading(login.user.name, chosen.target, chosen.account))
        if isinstance(opened, SessionDoor):
            opened.begin_chosen(chosen)
        else:
            refuse_channel(chosen.end, opened)

    def session(self, login: Login, reading: Reading) -> SessionDoor | Refusal:
        """Freeze the policy of a session and start it, or say why not."""
        user, source = self.operators.find(login.user.name), login.source
        if user is None or not self.operators.is_active(user.name):
            self._refuse(login, reading, "inactive", "switched off after the login")
            return Refusal(DENIED, f"the account {login.user.name} is not active any more")
        hindrance = self._hindrance(login, reading, user)
        if hindrance is not None:
            return hindrance
        grant = self.policies.grant(user, reading.target, reading.account, source)
        if isinstance(grant, Refused):
            return Refusal(DENIED, self._not_allowed(login, reading, grant))
        if reading.port and split_address(grant.target.address)[1] != reading.port:
            return Refusal(DENIED, self._not_allowed(login, reading, Refused("port", "not a port of the target")))
        if grant.policy.restrictions.second_factor == "required" and not login.second_factor:
            self._refuse(login, reading, "second_factor", "the login was by one factor only")
            words = f"{reading.written()} needs a login with a second factor; enrol with: ssh {user.name}@GATEWAY totp"
            return Refusal(DENIED, words)
        if not _enforceable(grant):
            self._refuse(login, reading, "unenforceable", "presence or reason")
            return Refusal(CONFIGURATION, "this grant asks for what this version can not check; tell an administrator")
        opened = self._begin(grant)
        if isinstance(opened, Refusal):
            self._refuse(login, reading, "not_recorded", opened.text)
        return opened

    def _hindrance(self, login: Login, reading: Reading, user: User) -> Refusal | None:
        """Say why no session of this login can start now, whatever is granted."""
        if login.outlived(self.wall()):
            self._refuse(login, reading, "certificate_expired", "it expired after the login")
            return Refusal(DENIED, "your certificate has expired; log in again with a new one")
        lock = self.orders.barring(user.name, user.groups, reading.target)
        if lock is not None:
            self._refuse(login, reading, "locked", lock.id)
            return Refusal(TRY_LATER, self.orders.barred(user.name, lock))
        busy = self.admitting()
        if busy:
            self._refuse(login, reading, "not_admitting", busy)
            return Refusal(TRY_LATER, busy)
        return None

    def _begin(self, grant: Grant) -> SessionDoor | Refusal:
        name = session_id(self.wall(), secrets.randbits(25))
        workings = Workings(
            clock=self.clock,
            wall=self.wall,
            facts=self.facts,
            user_budget=self.roster.budget_of(grant.policy.operator),
            ended=self.roster.over,
            rule_order=self.orders.by_rule,
            depot=self.depot,
            answering={**self.answering, **self.evaluating(grant.policy)},
            ask=self.approvals.ask,
        )
        run = Run(name, grant, workings)
        facts = {"operator": grant.policy.operator, "target": grant.target.name, "account": grant.account,
                 "source": grant.source, "started": rfc3339(grant.at)}  # fmt: skip
        try:
            run.recording = self.archive.begin(name, facts, grant.policy.canonical, grant.policy.digest)
        except OSError as fault:
            run.tell(Fact("recording.failed", {"reason": fault.strerror or type(fault).__name__}))
            if grant.policy.settings.record_required:
                return Refusal(TRY_LATER, "the session can not be recorded now, so it can not start; try later")
        self.roster.add(run)
        for lock in self.orders.covering(run.subject):
            run.lock(lock, self.orders.lock_notice(lock))
        return SessionDoor(run, self.dialler, self.clock)

    def _not_allowed(self, login: Login, reading: Reading, refused: Refused) -> str:
        ref = self._refuse(login, reading, refused.reason, refused.detail)
        near = difflib.get_close_matches(
            reading.target, [name for name, _ in self.policies.reachable(login.user, login.source)], 1, 0.7
        )
        known = [name for name in near if name != reading.target]
        parts = [f"{reading.written()}: no such target, or not allowed ({ref})."]
        parts += [f"Did you mean {known[0]}?"] if known else []
        return " ".join([*parts, self.help_contact]).strip()

    def _refuse(self, login: Login, reading: Reading, reason: str, detail: str) -> str:
        ref = reference(secrets.randbits(40))
        body = {"user": login.user.name, "source": login.source, "target": reading.target, "account": reading.account,
                "reason": reason, "detail": detail, "reference": ref}  # fmt: skip
        self.roster.remember(body, self.wall())
        tell(self.facts, Fact("session.refused", body))
        return ref


def _enforceable(grant: Grant) -> bool:
    restrictions = grant.policy.restrictions
    return not restrictions.present
