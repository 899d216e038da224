"""The room that admin's verbs see: the node's rooms, cut down to what verbs may do.

The rule: a caller is who he is at this moment: every line looks him up anew, so a lock, a deactivation or a lost role
counts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
from twisted.internet.defer import Deferred

from gateway.admin.refusal import Exit, Refusal
from gateway.admin.room import Access, Caller, Feeds, Front, Local, Proofs, Room, Web
from gateway.config import ConfigError, parse
from gateway.config.gaps import gaps as config_gaps
from gateway.directory.passwords import hash_password
from gateway.domain.grant import Grant, Refused, within
from gateway.domain.hops import NoWay, hops_to
from gateway.domain.secret import Secret
from gateway.journal.verify import verify
from gateway.node.first import demo_off, initialise, recover
from gateway.node.rooms import STORE, Rooms
from gateway.runtime.story import rfc3339
from gateway.siem.anchors import Anchor, anchors, covering, sealed_at
from gateway.ssh.login import Login
from gateway.ssh.reach import TargetFailed
from gateway.ssh.target import Dialler
from gateway.ssh.trial import Trial


@attrs.define(eq=False, repr=False)
class VerbRooms:
    """Make the room for a caller."""

    rooms: Rooms
    front: Front
    faults: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    web: Callable[[], Web | None] = lambda: None
    disproved: Callable[[], None] = lambda: None
    dialler: Dialler | None = None

    def room(self, caller: Caller) -> Room:
        """Return the node as one caller sees it."""
        rooms = self.rooms
        return Room(
            node=rooms.config.node.name,
            caller=caller,
            clock=WallClock(rooms),  # type: ignore[arg-type]
            directory=rooms.directory,
            roster=rooms.roster,
            orders=rooms.orders,
            approvals=rooms.approvals,
            live=rooms.live,
            archive=rooms.archive,
            search=rooms.search,
            holds=rooms.holds,
            vault=rooms.vault,
            factors=rooms.factors,
            journal=rooms.journal,
            access=self._access(),
            front=self.front,
            local=Local(
                initialise=partial(_said, initialise, rooms),
                recover=partial(_said, recover, rooms),
                demo_off=partial(_said, demo_off, rooms),
            ),
            proofs=Proofs(self._verify_file, self._verify_journal, self._anchors_of),
            hash_password=self._hash,
            check=self._check,
            faults=self.faults,
            gaps=lambda: (*config_gaps(rooms.config), *rooms.directory.gaps(), *_factorless(rooms)),
            in_thread=rooms.in_thread,
            disproved=self.disproved,
            attempt=self._attempt if self.dialler is not None else None,
            contact=rooms.config.help.contact,
            feeds=self._feeds(),
            tokens=rooms.tokens,
            web=self.web(),
            quarantine=rooms.inspection.quarantine,
        )

    def of_login(self, login: Login) -> Callable[[], Room]:
        """Return what makes the room of a user who logged in, as he stands when a line is called."""
        return partial(self.of_user, login.user.name, login.source, "ssh")

    def of_user(self, name: str, source: str, door: str, only: frozenset[str] | None = None) -> Room:
        """Return the room of a user as he stands now, cut down to some roles; raise Refusal where he has none."""
        rooms = self.rooms
        user = rooms.operators.find(name)
        if user is None or not rooms.operators.is_active(name):
            raise Refusal(Exit.DENIED, "denied", f"the account {name} is not active any more")
        subjects = {"user": (name,), "group": user.groups}
        if any(lock["subject"] in subjects.get(lock["scope"], ()) for lock in rooms.orders.locks() if not lock["only"]):
            raise Refusal(Exit.LATER, "locked", f"{name} is locked; another administrator must unlock him")
        if door != "ssh" and user.origin and not within(source, user.origin):
            raise Refusal(Exit.DENIED, "denied", f"{name} may not come from {source}")
        if door == "web" and user.kind != "person":
            words = f"{name} is a service: the console is for persons, the API for services"
            raise Refusal(Exit.DENIED, "denied", words)
        held = frozenset(user.roles)
        return self.room(Caller(name, user.full_name, held if only is None else held & only, source, door))

    def _attempt(self, target: str, credential: str, by: str) -> Deferred[Any]:
        return Deferred.fromCoroutine(self._tried(target, credential, by))

    async def _tried(self, name: str, credential: str, by: str) -> Mapping[str, Any]:
        snapshot, dialler = self.rooms.directory.snapshot(), self.dialler
        assert dialler is not None  # noqa: S101 - see room()
        try:
            target = snapshot.target[name]
            trial = Trial(dialler, by, target, hops_to(snapshot, target))
            return await trial.run(snapshot.credential[credential] if credential else None)
        except NoWay as problem:
            raise Refusal(Exit.CONFIGURATION, "no_way", str(problem)) from None
        except TargetFailed as failed:
            detail = f" ({failed.detail})" if failed.detail and failed.detail not in failed.text else ""
            raise Refusal(failed.code, failed.reason, f"{failed.text}{detail}") from None

    def _feeds(self) -> Feeds:
        outlets = self.rooms.outlets
        return Feeds(outlets.status, lambda by, name: Deferred.fromCoroutine(outlets.test(by, name)))

    def _access(self) -> Access:
        rooms = self.rooms

        def reachable(name: str, source: str) -> Sequence[tuple[str, tuple[str, ...]]]:
            user = rooms.operators.find(name)
            return () if user is None else rooms.policies.reachable(user, source)

        def today(row: Mapping[str, Any]) -> Grant | Refused:
            user = rooms.operators.find(row["operator"])
            if user is None:
                return Refused("no_user", f"there is no user {row['operator']} any more")
            return rooms.policies.grant(user, row["target"], row["account"], row["source"])

        return Access(
            who=lambda target: rooms.access().who(target),
            what=lambda user: rooms.access().what(user),
            why=lambda user, account, target: rooms.access().why(user, account, target),
            reachable=reachable,
            today=today,
        )

    def _hash(self, password: Secret) -> Deferred[str]:
        return self.rooms.in_thread(hash_password, password)

    def _check(self, text: str | None, source: str) -> Sequence[str]:
        if text is None:
            return ()
        try:
            parse(text, source)
        except ConfigError as failure:
            return [str(problem) for problem in failure.problems]
        return ()

    def _verify_file(self, path: str) -> Deferred[Any]:
        return self.rooms.archive.verify_path(path)

    def _verify_journal(self) -> Deferred[Any]:
        return self.rooms.in_thread(_journal_row, self.rooms)

    def _anchors_of(self, session: str, root: str) -> Deferred[Any]:
        return self.rooms.in_thread(_sealed_row, self.rooms, session, root)


@attrs.frozen
class WallClock:
    """The reactor's calls with the time of day, as verbs want it."""

    rooms: Rooms

    def seconds(self) -> float:
        """Return seconds since the epoch."""
        return self.rooms.wall()

    def callLater(self, delay: float, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call later by the reactor's clock."""
        return self.rooms.clock.callLater(delay, call, *arguments, **named)


def _factorless(rooms: Rooms) -> Iterator[str]:
    for user in rooms.directory.snapshot().user.values():
        if user.second_factor == "totp" and not rooms.factors.enrolled(user.name):
            yield f"{user.name} has no authenticator yet, such logins are refused: user totp {user.name}"


def _said(act: Callable[..., Any], rooms: Rooms, *arguments: str) -> Deferred[str]:
    return Deferred.fromCoroutine(act(rooms, *arguments))


def _anchors(rooms: Rooms) -> tuple[Anchor, ...]:
    return anchors(rooms.journal, rooms.outlets.folder, [siem.transport for siem in rooms.config.siem])


def _sealed_row(rooms: Rooms, session: str, root: str) -> list[str]:
    """Say which SIEMs hold a head of the journal that covers a recording's seal."""
    seq = sealed_at(rooms.journal, session, root)
    return [] if seq is None else covering(_anchors(rooms), seq)


def _journal_row(rooms: Rooms) -> dict[str, Any]:
    found = [str(anchor) for anchor in _anchors(rooms)]
    verdict = verify(rooms.state / STORE)
    return {
        "id": f"journal {rooms.config.node.name}",
        "result": verdict.result,
        "at": rfc3339(verdict.time) if verdict.count else None,
        "frames": 0,
        "events": verdict.count,
        "signed_by": verdict.origin,
        "anchored_by": found or [verdict.rests_on],
        "policy": "",
        "detail": f"{verdict.bad_at}: {verdict.detail}" if verdict.detail else f"up to seq {verdict.seq}",
    }
