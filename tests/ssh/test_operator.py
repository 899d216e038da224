"""The door a login opens: frozen once, refused in words, the same words for what is not there and not allowed."""

from __future__ import annotations

from collections.abc import Sequence
from time import localtime, strftime
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import User
from gateway.domain.grant import Grant, Refused
from gateway.domain.lock import Lock, Scope
from gateway.domain.login import Reading
from gateway.domain.session import State
from gateway.ssh.login import Login
from gateway.ssh.operator import Reception
from gateway.ssh.program import ProgramDoor, Refusal, refusal_door
from gateway.ssh.session import SessionDoor
from gateway.wire.certificates import parse_certificate
from gateway.wire.connection import Connection
from gateway.wire.fields import string
from tests.domain.depots import Depot
from tests.domain.policies import ALICE, granted
from tests.ssh.sessions import Recording, World, status
from tests.wire.issuing import draft
from tests.wire.joined import Heard, Open, join, settle


@attrs.define
class Policies:
    """Let alice reach what she is said to reach; give the Grant that is set."""

    reach: dict[str, tuple[str, ...]] = attrs.field(factory=lambda: {"web1": ("root",)})
    grants: dict[str, Any] = attrs.field(factory=dict)

    def reachable(self, user: User, source: str) -> Sequence[tuple[str, tuple[str, ...]]]:
        return sorted(self.reach.items())

    def grant(self, user: User, target: str, account: str, source: str) -> Grant | Refused:
        if account not in self.reach.get(target, ()):
            return Refused("no_grant", "inner words")
        return granted(**self.grants)


@attrs.define
class Operators:
    """Know alice."""

    active: bool = True

    def find(self, name: str) -> User | None:
        return ALICE if name == "alice" else None

    def check_password(self, user: User | None, password: Any) -> Deferred[bool]:
        raise NotImplementedError

    def is_active(self, name: str) -> bool:
        return self.active


@attrs.define
class Shelf:
    """Begin recordings in memory, or fail."""

    failure: OSError | None = None
    begun: list[str] = attrs.field(factory=list)

    def begin(self, session: str, facts: Any, policy: bytes, digest: str) -> Recording:
        if self.failure is not None:
            raise self.failure
        self.begun.append(session)
        return Recording()


class OperatorTests(SynchronousTestCase):
    """One login after another, of alice."""

    def setUp(self) -> None:
        self.world = World()
        self.world.run.cut("not of this test")
        self.policies, self.shelf, self.busy, self.operators = Policies(), Shelf(), "", Operators()
        self.reception = Reception(
            approvals=self.world.approvals,
            operators=self.operators, policies=self.policies, orders=self.world.orders, roster=self.world.roster,
            archive=self.shelf, facts=self.world.journal, dialler=self.world.dialling, clock=self.world.clock,
            wall=self.world.wall, without_target=lambda login: refusal_door(Refusal(5, "the verbs")),
            admitting=lambda: self.busy, depot=lambda run, channel: Depot(), help_contact="Call 7.",
        )  # type: ignore[arg-type] # fmt: skip

    def run_id(self, *readings: Reading) -> tuple[Connection, Heard]:
        """Log in with these readings and run ``id``; return the gateway's side and what the client hears."""
        service = self.reception.open_door(Login(ALICE, readings, "192.0.2.7", "publickey"))
        assert isinstance(service, Connection)
        client, gateway = join(Connection(Open()), service)
        heard = Heard()
        end = client.connection.open("session", heard, 1 << 20)
        settle(client, gateway)
        if heard.events:
            end.request("exec", string(b"id"), wants_reply=True)
            settle(client, gateway)
        return service, heard

    def refused(self, code: int, words: str, *readings: Reading) -> str:
        """Log in and be refused with a code and one line."""
        _, heard = self.run_id(*readings)
        self.assertEqual(heard.events[-3:], [status(code), "eof", "closed"], heard.events)
        said = heard.taken[1].decode()
        self.assertIn(words, said)
        self.assertEqual((said.count("\n"), said.startswith("ostiary: "), heard.taken[0]), (1, True, b""))
        self.assertEqual(self.world.roster.running(), ())
        return said

    def test_a_target_is_gone_to_ahead_where_a_session_could_start_now(self) -> None:
        """For the one target that the name says; not while he is barred, switched off, or must be approved."""
        named = (Reading("alice", "web1"),)
        came = self.world.dialling.ahead
        self.reception.may_come(ALICE, named, "192.0.2.7")
        self.assertEqual([(who, target.name) for who, target in came], [("alice", "web1")])
        for readings in ((Reading("alice"),), (Reading("alice", "web2"),), (Reading("alice", "web1", "mail"),)):
            self.reception.may_come(ALICE, readings, "192.0.2.7")
        self.busy = "full"
        self.reception.may_come(ALICE, named, "192.0.2.7")
        self.busy, self.operators.active = "", False
        self.reception.may_come(ALICE, named, "192.0.2.7")
        self.operators.active = True
        self.policies.grants = {"present": 1}
        self.reception.may_come(ALICE, named, "192.0.2.7")
        self.policies.grants = {}
        self.successResultOf(self.world.lock())
        self.reception.may_come(ALICE, named, "192.0.2.7")
        self.assertEqual(len(came), 1)

    def test_one_allowed_reading_is_a_session(self) -> None:
        """Recorded from its beginning, in the roster, its target dialled; the account may be left out."""
        for reading in (
            Reading("alice", "web1", "root"),
            Reading("alice", "web1"),
            Reading("alice", "web1", "root", 22),
        ):
            service, heard = self.run_id(reading)
            (run,) = self.world.roster.running()
            self.assertEqual((run.state, heard.events, self.shelf.begun[-1]), (State.WAITING, [], run.id))
            service.serviceStopped()
            self.assertEqual(self.world.roster.running(), ())

    def test_unknown_and_not_allowed_read_the_same(self) -> None:
        """With a reference for the admin, the nearest allowed name, and whom to ask; 77."""
        said = [
            self.refused(77, "no such target, or not allowed", Reading("alice", target, "root"))
            for target in ("web2", "web9")
        ]
        one, other = (line.replace("web2", "").replace("web9", "").split("(R-")[0] for line in said)
        self.assertEqual(one, other)
        self.assertIn("Did you mean web1? Call 7.", said[0])
        self.assertNotIn("inner words", said[0])
        self.assertNotIn("Did you mean", self.refused(77, "alice=nobody=web1", Reading("alice", "web1", "nobody")))
        self.refused(77, "not allowed", Reading("alice", "db"))
        reference = said[0].split("(")[1].split(")")[0]
        self.assertEqual(self.world.roster.reference(reference)["detail"], "inner words")
        self.refused(77, "not allowed", Reading("alice", "web1", "root", 2222))

    def test_an_ambiguity_lists_the_allowed_readings_only(self) -> None:
        """64, and nothing is begun; the same reading twice is none."""
        self.policies.reach = {"web1": ("deploy", "root")}
        said = self.refused(64, "is not enough to say which", Reading("alice", "web1"), Reading("alice", "db1"))
        self.assertIn("alice=deploy=web1, alice=root=web1", said)
        self.assertNotIn("db1", said.split("which:")[1])
        self.policies.reach = {"web1": ("root",)}
        self.run_id(Reading("alice", "web1", "root"), Reading("alice", "web1"))
        self.assertEqual(len(self.world.roster.running()), 1)

    def test_a_lock_bars_new_sessions(self) -> None:
        """75, who and since when."""
        self.successResultOf(self.world.lock())
        since = strftime("%H:%M", localtime(self.world.wall()))
        words = f"alice is locked by Bob (bob) since {since}: new sessions are refused. Reason: why."
        self.refused(75, words, Reading("alice", "web1", "root"))
        self.assertEqual(self.world.bodies("session.refused")[0]["reason"], "locked")
        lock = Lock("L", Scope.USER, "alice", "bob", "bob", "", 86400.0)
        when = strftime("%Y-%m-%d %H:%M", localtime(86400))
        orders = attrs.evolve(self.world.orders, contact="Call the desk.")
        self.assertEqual(
            orders.barred("alice", lock),
            f"alice is locked by bob since {when}: new sessions are refused. Call the desk.",
        )

    def test_a_lock_that_only_freezes_lets_a_session_begin_frozen(self) -> None:
        """Its channels wait."""
        self.successResultOf(self.world.lock(only=True))
        self.run_id(Reading("alice", "web1", "root"))
        self.assertTrue(self.world.roster.running()[0].locked)

    def test_what_stands_in_the_way_is_said_and_told(self) -> None:
        """Draining, a disk that is full, an account switched off, a grant that asks for more than this version can."""
        reading = Reading("alice", "web1", "root")
        self.busy = "the gateway is draining"
        self.refused(75, "draining", reading)
        self.busy = ""
        self.policies.grants = {"present": 1}
        self.refused(78, "can not check", reading)
        self.policies.grants = {"second_factor": "required"}
        self.refused(77, "second factor", reading)
        self.policies.grants = {}
        self.shelf.failure = OSError(28, "No space left on device")
        self.refused(75, "can not be recorded", reading)
        self.operators.active = False
        self.refused(77, "not active any more", reading)
        told = [body["reason"] for body in self.world.bodies("session.refused")]
        self.assertEqual(told, ["not_admitting", "unenforceable", "second_factor", "not_recorded", "inactive"])

    def test_no_new_session_starts_on_a_certificate_that_has_expired(self) -> None:
        """The menu and a ProxyJump may ask for one days after the login; a running one goes on."""
        reading, now = Reading("alice", "web1", "root"), self.world.wall()
        for before, starts in ((int(now) + 60, True), (int(now), False)):
            certificate = parse_certificate(draft(before=before))
            login = Login(ALICE, (reading,), "192.0.2.7", "publickey", certificate=certificate)
            opened = self.reception.session(login, reading)
            self.assertEqual(isinstance(opened, SessionDoor), starts)
        assert isinstance(opened, Refusal)
        self.assertEqual((opened.code, "certificate has expired" in opened.text), (77, True))
        self.assertEqual([body["reason"] for body in self.world.bodies("session.refused")], ["certificate_expired"])

    def test_without_a_target_the_programs_of_the_gateway_answer(self) -> None:
        """No session begins."""
        door = self.reception._door(Login(ALICE, (Reading("alice"),), "192.0.2.7", "publickey"))
        self.assertIsInstance(door, ProgramDoor)
        self.refused(5, "the verbs", Reading("alice"))

    def test_a_subsystem_is_refused_with_the_same_words(self) -> None:
        """An sftp client reads why, not how to log in."""
        service = self.reception.open_door(Login(ALICE, (Reading("alice", "web2", "root"),), "192.0.2.7", "publickey"))
        assert isinstance(service, Connection)
        client, gateway = join(Connection(Open()), service)
        heard = Heard()
        end = client.connection.open("session", heard, 1 << 20)
        settle(client, gateway)
        end.request("subsystem", string(b"sftp"), wants_reply=True)
        settle(client, gateway)
        self.assertIn(b"no such target, or not allowed", heard.taken[1])
        self.assertIn(status(77), heard.events)
