"""The outer connection of a ProxyJump: where its channels may lead, and what is begun ahead."""

from __future__ import annotations

import struct
from typing import Any

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import User
from gateway.domain.login import Reading
from gateway.ssh.jump import MOST_INNER, JumpHost
from gateway.ssh.login import Login
from gateway.wire.channels import ChannelEnd
from gateway.wire.fields import string
from gateway.wire.pacing import FailurePace
from tests.domain.policies import ALICE
from tests.ssh.dialling import ToldFacts
from tests.ssh.test_program import Wire
from tests.wire.pair import HOST_KEY

SOURCE = "192.0.2.7"


@attrs.define
class Policies:
    """Know three targets by their names on port 22; alice reaches two of them."""

    reach: tuple[tuple[str, tuple[str, ...]], ...] = (("web1", ("deploy", "root")), ("web2", ("root",)))

    def target_at(self, host: str, port: int) -> str | None:
        return host if host in ("web1", "web2", "db1") and port == 22 else None

    def reachable(self, user: User, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        assert (user, source) == (ALICE, SOURCE)
        return self.reach


class JumpTests(SynchronousTestCase):
    """Channels of one outer connection."""

    def setUp(self) -> None:
        self.facts, self.wire, self.ahead = ToldFacts(), Wire(), list[Any]()
        login = Login(ALICE, (Reading("alice"),), SOURCE, "publickey")
        self.host = JumpHost(
            login, Policies(), self.facts, Clock(), (HOST_KEY,), FailurePace(b"k"), self.never,  # type: ignore[arg-type]
            lambda *words: self.ahead.append(words),
        )  # fmt: skip

    def never(self, login: Login) -> Any:
        raise AssertionError("nobody has logged in within")

    def open(self, host: str, port: int = 22) -> int:
        """Ask for a channel; return the message that answers."""
        extra = string(host.encode()) + struct.pack(">L", port) + string(b"127.0.0.1") + struct.pack(">L", 4711)
        end = ChannelEnd(self.wire, "direct-tcpip", len(self.wire.sent), remote=7, room=1 << 20)
        self.wire.sent.clear()
        self.host.open_requested(end, extra)
        return self.wire.sent[0][0]

    def test_the_way_is_begun_for_a_reachable_target_alone(self) -> None:
        """Before the inner login says an account, as any of them: the way is the same for all."""
        self.assertEqual(self.open("web1"), 91)
        self.assertEqual(self.ahead, [(ALICE, (Reading("alice", "web1", "deploy"),), SOURCE)])
        self.ahead.clear()
        for host, port in (("db1", 22), ("web1", 2222), ("nowhere", 22), ("we\x1bb1", 22)):
            self.assertEqual(self.open(host, port), 92)
        self.assertEqual(self.ahead, [])

    def test_what_is_not_reachable_is_a_fact_and_reads_alike(self) -> None:
        """A target that is not allowed, and one that there is not."""
        for host in ("db1", "nowhere"):
            self.open(host)
            self.assertIn(f"{host}:22: no such target, or not allowed".encode(), self.wire.sent[0][1])
        self.assertEqual([fact.body["reason"] for fact in self.facts.told], ["no_jump"] * 2)

    def test_there_are_only_so_many_inner_connections(self) -> None:
        """The next is refused; one that ends makes room."""
        self.assertEqual({self.open("web1") for _ in range(MOST_INNER)}, {91})
        self.assertEqual(self.open("web1"), 92)
        next(iter(self.host._inner)).on_closed("test")
        self.assertEqual(self.open("web1"), 91)
