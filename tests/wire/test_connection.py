"""The connection service: its table, its bounds, and that no bytes get through it as an exception."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.connection import MESSAGES, MOST_UNREAD, Connection, Limits
from gateway.wire.fields import string
from tests.wire.joined import Heard, Open, Side, join, settle

NUMBER = st.integers(0, 3).map(lambda number: struct.pack(">L", number))
ODD = st.sampled_from([0, 1, 1023, 1024, 2**31, 2**32 - 1]).map(lambda number: struct.pack(">L", number))
PIECE = st.one_of(NUMBER, ODD, st.binary(max_size=12), st.binary(max_size=20).map(string),
                  st.sampled_from([b"session", b"exec", b"env", b"direct-tcpip", b"x" * 65, b"a b",
                      b"\xff"]).map(string),
                  st.sampled_from([b"\0", b"\1", b"\2"]))  # fmt: skip
PACKET = st.tuples(
    st.one_of(st.sampled_from(sorted(MESSAGES)), st.integers(50, 127)), st.lists(PIECE, max_size=6).map(b"".join)
)


def pair(owner: Open | None = None, limits: Limits = Limits()) -> tuple[Open, Side, Side]:  # noqa: B008 - frozen
    """Join a peer and a connection under test; return its owner, the peer's side and its own."""
    owner = owner or Open()
    peer, tested = join(Connection(Open()), Connection(owner, limits))
    return owner, peer, tested


def open_message(kind: bytes = b"session", packet: int = 32768, number: int = 5, extra: bytes = b"") -> bytes:
    """Return the payload of a CHANNEL_OPEN."""
    return string(kind) + struct.pack(">LLL", number, 100, packet) + extra


class ConnectionTests(SynchronousTestCase):
    """What arrives, and what is made of it."""

    @settings(max_examples=200)
    @given(st.lists(PACKET, max_size=12), st.booleans())
    def test_any_messages_are_survived(self, packets: list[tuple[int, bytes]], accept: bool) -> None:
        """Whatever bytes arrive: ignored, answered, or the end of the connection; never an exception."""
        owner, _peer, tested = pair(Open(accept=accept))
        tested.connection.open("session", Heard(), 100)
        tested.connection.packetReceived(90, open_message())
        for number, payload in packets:
            if not tested.closing:
                tested.connection.packetReceived(number, payload)
        tested.connection.serviceStopped()
        self.assertEqual(owner.lost_count, 1)

    def test_a_message_that_is_not_in_the_table_is_not_understood(self) -> None:
        """It is said so, and nothing else happens."""
        _, _, tested = pair()
        tested.connection.packetReceived(101, b"")
        self.assertEqual((tested.unimplemented, tested.disconnected), (1, ""))

    def test_messages_for_channels_that_are_gone_are_ignored(self) -> None:
        """They may have crossed our CLOSE."""
        _, _, tested = pair()
        gone = struct.pack(">L", 77)
        for number, rest in ((91, struct.pack(">LLL", 1, 1, 9999)), (92, struct.pack(">L",
            1) + string(b"x") + string(b"")),
                             (93, struct.pack(">L", 1)), (94, string(b"x")), (95, struct.pack(">L",
                             1) + string(b"x")), (96, b""),
                             (95, struct.pack(">L", 9) + string(b"x")), (97, b""), (98,
                             string(b"exec") + b"\1"), (99, b""),
                             (100, b"")):  # fmt: skip
            tested.connection.packetReceived(number, gone + rest)
        self.assertEqual((tested.disconnected, tested.said), ("", []))

    def test_malformed_messages_end_the_connection(self) -> None:
        """Cut short, too long, a name that is none, a fault of the channel."""
        number = struct.pack(">L", 0)
        for message in ((90, b"\0\0"), (90, string(b"") + number * 3), (90, string(b"a b") + number * 3), (93, number),
                        (93, number * 3), (94, number + struct.pack(">L", 5) + b"x"), (94,
                        number + string(b"x") + b"y"),
                        (94, number + string(b"x" * 101)), (95, number + struct.pack(">L", 2) + string(b"x")),
                        (96, number + b"x"),
                        (97, number + b"x"), (98, number + string(b"\xff") + b"\1"), (80, b""), (99, number + b"x"),
                        (94, number + struct.pack(">L", 2**31) + b"x")):  # fmt: skip
            _, _, tested = pair(Open(window=100))
            tested.connection.packetReceived(90, open_message())
            tested.connection.packetReceived(*message)
            self.assertTrue(tested.disconnected, message)

    def test_channels_are_bounded(self) -> None:
        """One more than the limit is refused in words, as are packets too small to be of use."""
        _, peer, tested = pair(limits=Limits(channels=2))
        heard = [Heard() for _ in range(3)]
        for each in heard:
            peer.connection.open("session", each, 10)
        settle(peer, tested)
        self.assertEqual([each.events[0] for each in heard],
                         ["opened", "opened", ("refused", 4, "too many channels on this connection")])  # fmt: skip
        for size in (0, 1, 1023):
            _, _, tested = pair()
            tested.connection.packetReceived(90, open_message(packet=size))
            self.assertEqual(tested.said, ["refused"])

    def test_a_number_is_used_again_when_it_is_free(self) -> None:
        """Not before, and the count wraps at 32 bits."""
        _, _peer, tested = pair()
        connection = tested.connection
        first = connection.open("session", Heard(), 10)
        connection._next = 0xFFFFFFFF
        self.assertEqual(connection.open("session", Heard(), 10).local, 0xFFFFFFFF)
        self.assertEqual(connection.open("session", Heard(), 10).local, first.local + 1)

    def test_a_confirmation_is_heard_once(self) -> None:
        """A second one, or one for a channel the peer opened, is ignored."""
        _, _, tested = pair()
        heard = Heard()
        end = tested.connection.open("session", heard, 10)
        for room in (50, 60):
            tested.connection.packetReceived(91, struct.pack(">LLLL", end.local, 9, room, 4096) + b"more")
        self.assertEqual((heard.events, end.room, end.remote), (["opened"], 50, 9))
        tested.connection.packetReceived(92, struct.pack(">LL", end.local, 1) + string(b"") + string(b""))
        self.assertEqual(heard.events, ["opened"])

    def test_global_requests_are_the_owners(self) -> None:
        """Answered where an answer is wanted, in either sense."""
        for answer, word in ((True, "yes"), (False, "no")):
            owner, peer, tested = pair(Open(answer=answer))
            peer.connection.ask("keepalive@openssh.com", lambda granted, payload: None, b"x")
            peer.connection.request("no-more-sessions@openssh.com")
            settle(peer, tested)
            self.assertEqual(tested.said, [word])
            self.assertEqual(owner.asked, [("keepalive@openssh.com", b"x"), ("no-more-sessions@openssh.com", b"")])

    def test_who_asks_and_does_not_read_is_sent_away(self) -> None:
        """For what is answered only, and only when very much waits; data still comes in."""
        asking = string(b"x") + b"\1"
        for number, payload in ((80, asking), (90, string(b"session") + bytes(12)), (98, bytes(4) + asking)):
            _, peer, tested = pair()
            tested.carrier.waiting = MOST_UNREAD + 1
            peer.connection.send(number, payload)
            settle(peer, tested)
            self.assertEqual(tested.disconnected, "")
            _, peer, tested = pair()
            tested.carrier.waiting, tested.carrier.writable = MOST_UNREAD + 1, False
            peer.connection.send(94, bytes(4) + string(b"x"))
            settle(peer, tested)
            self.assertEqual(tested.disconnected, "")
            peer.connection.send(number, payload)
            settle(peer, tested)
            self.assertEqual(tested.disconnected, "more was asked than answers were read")

    def test_what_belongs_to_a_channels_kind_reaches_the_owner(self) -> None:
        """The destination of a forward, for instance."""
        owner, peer, tested = pair()
        peer.connection.open("direct-tcpip", Heard(), 10, extra=b"where")
        settle(peer, tested)
        self.assertEqual((owner.ends[0].kind, owner.extras), ("direct-tcpip", [b"where"]))

    def test_the_end_is_told_once_and_the_owner_first(self) -> None:
        """So he can say elsewhere why, before his channels are gone; nothing is sent afterwards."""
        order: list[str] = []

        class Last(Open):
            def lost(self) -> None:
                order.append("owner")

        _, peer, tested = pair(Last())

        class Late(Heard):
            def closed(self) -> None:
                order.append("channel")

        end = tested.connection.open("session", Late(), 10)
        settle(peer, tested)
        tested.connection.serviceStopped()
        tested.connection.serviceStopped()
        said = len(tested.said)
        end.write(b"x")
        tested.connection.ask("keepalive@openssh.com", lambda granted, payload: None)
        self.assertEqual((order, len(tested.said)), (["owner", "channel"], said))
