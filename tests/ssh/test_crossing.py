"""The passage through a host: opened, refused, lost."""

from __future__ import annotations

from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.crossing import HopOwner, NotCrossed, Passage
from gateway.ssh.tunnel import Tunnel
from gateway.wire.fields import string, uint32


@attrs.define(eq=False)
class End:
    """A channel end that notes what is done to it."""

    listener: Any
    opened_with: tuple[str, bytes]
    done: list[tuple[Any, ...]] = attrs.field(factory=list)
    kind: str = "session"
    queued: int = 0

    def drop(self) -> None:
        self.done.append(("drop",))

    def close(self) -> None:
        self.done.append(("close",))

    def end(self) -> None:
        self.done.append(("end",))

    def refuse(self, code: int, text: str) -> None:
        self.done.append(("refuse", code, text))

    def reply(self, slot: int | None, ok: bool) -> None:
        self.done.append(("reply", slot, ok))


@attrs.define(eq=False, slots=False)
class Hop:
    """A connection to a host, and at the same time its transport."""

    ends: list[End] = attrs.field(factory=list)
    aborted: int = 0

    @property
    def transport(self) -> Hop:
        return self

    def abort(self) -> None:
        self.aborted += 1

    def open(self, kind: str, listener: Any, window: int, packet: int, extra: bytes) -> End:
        self.ends.append(End(listener, (kind, extra)))
        return self.ends[-1]


@attrs.define(eq=False)
class Inner:
    """The transport to the target."""

    made: Any = None
    lost: int = 0

    def makeConnection(self, tunnel: Any) -> None:
        self.made = tunnel

    def connectionLost(self, reason: Any) -> None:
        self.lost += 1

    def dataReceived(self, data: bytes) -> None:
        raise AssertionError("nothing arrives here")


class PassageTests(SynchronousTestCase):
    """What becomes of the way."""

    def setUp(self) -> None:
        self.hop, self.inner = Hop(), Inner()
        self.passage = Passage(self.hop, self.inner)  # type: ignore[arg-type]

    def begin(self, host: str = "10.0.0.1") -> Any:
        """Ask for the way."""
        return self.passage.begin(host, 22)

    def test_the_host_is_asked_for_a_connection(self) -> None:
        """RFC 4254 §7.2; a name of other letters as DNS has it."""
        self.begin("bücher.example")
        (end,) = self.hop.ends
        wanted = string(b"xn--bcher-kva.example") + uint32(22) + string(b"127.0.0.1") + uint32(0)
        self.assertEqual(end.opened_with, ("direct-tcpip", wanted))

    def test_an_open_way_is_spoken_through(self) -> None:
        """The tunnel listens; to abort it cuts the host's connection, once."""
        arrived = self.begin()
        self.passage.opened()
        self.successResultOf(arrived)
        tunnel = self.inner.made
        self.assertIsInstance(tunnel, Tunnel)
        self.assertIs(self.hop.ends[0].listener, tunnel)
        tunnel.abortConnection()
        tunnel.closed()
        self.assertEqual((self.hop.aborted, self.inner.lost), (1, 1))

    def test_a_lost_channel_takes_the_hosts_connection_along(self) -> None:
        """It carries nothing else."""
        self.begin()
        self.passage.opened()
        self.inner.made.closed()
        self.assertEqual((self.hop.aborted, self.inner.lost), (1, 1))

    def test_a_way_that_does_not_open_says_why(self) -> None:
        """Once, whatever follows."""
        for act, words in (
            (lambda: self.passage.open_refused(1, "secret words"), "permits no forwarding"),
            (lambda: self.passage.open_refused(2, "Connection refused"), "Connection refused"),
            (lambda: self.passage.closed(), "connection was lost"),
        ):
            self.setUp()
            arrived = self.begin()
            act()
            self.passage.closed()
            self.assertIn(words, str(self.failureResultOf(arrived, NotCrossed).value))

    def test_a_host_may_ask_for_nothing(self) -> None:
        """Neither on the channel nor beside it."""
        self.begin()
        end = self.hop.ends[0]
        self.passage.requested("exit-status", b"", 3)
        for ignored in (self.passage.widened, self.passage.ended):
            ignored()
        self.passage.received(b"x", False)
        self.passage.replied(True)
        self.assertEqual(end.done, [("reply", 3, False)])
        owner = HopOwner()
        owner.open_requested(end, b"")  # type: ignore[arg-type]
        self.assertEqual(end.done[-1][:2], ("refuse", 1))
        self.assertFalse(owner.global_requested("tcpip-forward", b""))
        owner.started(self.hop)  # type: ignore[arg-type]
        owner.lost()
