"""The node's side of pamctl."""

from __future__ import annotations

import os
import struct

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.frames import HEAD, LARGEST, Frame, FrameReader, Kind, Opening
from gateway.admin.socket import VerbConnection, VerbFactory, local_caller
from gateway.admin.streams import MOST_INPUT
from gateway.admin.verbs import VERBS
from gateway.domain.facts import Fact
from tests.admin.node import ONE, MemoryNode

SAID = st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=20)) | st.binary(max_size=30)


@attrs.define
class Peer:
    """Speak frames to a connection."""

    node: MemoryNode = attrs.field(factory=MemoryNode)
    uid: int = 0
    wire: StringTransport = attrs.field(factory=StringTransport)
    connection: VerbConnection = attrs.field(init=False)
    _reader: FrameReader = attrs.field(factory=FrameReader)

    def __attrs_post_init__(self) -> None:
        self.connection = VerbConnection(self.node.room, "gw1", VERBS, lambda transport: self.uid)
        self.connection.makeConnection(self.wire)

    def call(self, *words: str, terminal: bool = False) -> list[Frame]:
        """Say a verb."""
        return self.send(Opening(words, terminal).frame())

    def send(self, *frames: Frame) -> list[Frame]:
        """Send frames; return what comes back."""
        for frame in frames:
            self.connection.dataReceived(frame.wire)
        return self.heard()

    def heard(self) -> list[Frame]:
        """Return the frames that came since the last call."""
        found = list(self._reader.feed(self.wire.value()))
        self.wire.clear()
        return found


def code(frames: list[Frame]) -> int:
    """Return the exit code that frames end with."""
    assert frames[-1].kind is Kind.EXIT
    return int(struct.unpack(">L", frames[-1].payload)[0])


class ConnectionTests(SynchronousTestCase):
    """One connection is one verb."""

    def test_a_verb_is_performed_as_the_peer(self) -> None:
        """Whose uid stands in what is told."""
        peer = Peer()
        found = peer.call("user", "rm", "alice", "--reason", "left")
        self.assertEqual((found[0].words, code(found)), ("removed user alice\n", 0))
        self.assertTrue(peer.wire.disconnecting)
        entry = list(peer.node.journal.entries(kinds=["directory.changed"]))[-1]
        self.assertEqual(entry.body["by"] if entry.body else "", "uid:0(root)@gw1")

    def test_the_services_own_user_may_and_others_may_not(self) -> None:
        """Whatever the socket's mode has become."""
        self.assertEqual(code(Peer(uid=os.geteuid()).call("whoami")), 0)
        stranger = Peer(uid=os.geteuid() + 4242)
        self.assertEqual(code(stranger.heard()), 77)
        self.assertEqual(stranger.call("whoami"), [])

    def test_a_uid_without_a_name_is_a_caller_all_the_same(self) -> None:
        """As in a container."""
        self.assertEqual(local_caller(4_000_000, "gw1").name, "uid:4000000(?)@gw1")

    def test_stdin_is_asked_for_when_the_verb_reads_it(self) -> None:
        """And sent in pieces."""
        peer = Peer()
        self.assertEqual(peer.call("apply", "-"), [Frame(Kind.WANT)])
        text = b'[[user]]\nname = "bob"\n'
        parts = [Frame(Kind.PIECE, text[:5]), Frame(Kind.PIECE, text[5:]), Frame(Kind.END)]
        self.assertEqual(code(peer.send(*parts)), 0)
        self.assertIn("bob", peer.node.directory.snapshot().user)

    def test_a_file_is_asked_for_by_the_name_that_was_given(self) -> None:
        """A folder's files come by their own names."""
        peer = Peer()
        self.assertEqual(peer.call("apply", "etc"), [Frame(Kind.GET, b"etc")])
        found = peer.send(
            Frame(Kind.NAME, b"etc/a.toml"),
            Frame(Kind.PIECE, b'[[user]]\nname = "bob"\n'),
            Frame(Kind.NAME, b"etc/b.toml"),
            Frame(Kind.PIECE, b'[[user]]\nname = "eve"\nrols = []\n'),
            Frame(Kind.END),
        )
        self.assertEqual(code(found), 78)
        self.assertIn("etc/b.toml:3", found[0].words)

    def test_a_file_that_can_not_be_read_is_a_usage_error(self) -> None:
        """In the client's words."""
        peer = Peer()
        peer.call("apply", "missing")
        found = peer.send(Frame(Kind.NO, b"missing: No such file"))
        self.assertEqual((found[0].words, code(found)), ("ostiary: missing: No such file\n", 64))

    def test_a_person_is_asked_without_echo(self) -> None:
        """Where one sits there; nothing typed changes nothing."""
        peer = Peer()
        self.assertEqual(peer.call("user", "passwd", "alice", terminal=True)[0].kind, Kind.ASK)
        self.assertEqual(code(peer.send(Frame(Kind.PIECE, b"hunter2-hunter2"), Frame(Kind.END))), 0)
        peer = Peer()
        peer.call("user", "passwd", "alice", terminal=True)
        self.assertEqual(code(peer.send(Frame(Kind.END))), 64)

    def test_a_lost_connection_cancels_the_verb(self) -> None:
        """Nothing is written to it any more."""
        peer = Peer()
        self.assertEqual(peer.call("events", "--follow", "--kind", "session.failed"), [])
        peer.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertEqual([frame.kind for frame in peer.heard()], [Kind.OUT])
        peer.connection.connectionLost()
        peer.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertEqual(peer.heard(), [])

    def test_a_full_socket_is_waited_for(self) -> None:
        """Until it takes more."""
        peer = Peer()
        peer.call("events", "--follow", "--kind", "session.failed")
        peer.connection.pauseProducing()
        peer.node.journal.tell(Fact("session.failed", {"session": ONE}))
        self.assertEqual(peer.heard(), [])
        peer.connection.resumeProducing()
        self.assertEqual(len(peer.heard()), 1)

    def test_whoever_breaks_the_protocol_is_told_and_cut(self) -> None:
        """Junk, a wrong first frame, an answer to nothing, too much of an answer."""
        for junk in (b"GET / HTTP/1.1\r\n\r\n", Frame(Kind.END).wire, HEAD.pack(b"V", LARGEST + 1)):
            peer = Peer()
            peer.connection.dataReceived(junk)
            self.assertEqual(code(peer.heard()), 64)
            self.assertTrue(peer.wire.disconnecting)
        peer = Peer()
        peer.call("events", "--follow")
        self.assertEqual(code(peer.send(Frame(Kind.PIECE, b"x"))), 64)
        peer = Peer()
        peer.call("apply", "-")
        large = [Frame(Kind.PIECE, bytes(LARGEST))] * (MOST_INPUT // LARGEST + 1)
        self.assertEqual(code(peer.send(*large)), 64)

    def test_a_verb_that_breaks_is_logged_and_said(self) -> None:
        """Without its trace."""
        peer = Peer()
        peer.node.hash_failure = ZeroDivisionError("detail")
        peer.call("user", "passwd", "alice", terminal=True)
        found = peer.send(Frame(Kind.PIECE, b"hunter2-hunter2"), Frame(Kind.END))
        self.assertEqual(code(found), 70)
        self.assertNotIn("detail", found[0].words)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    @settings(max_examples=150, deadline=None)
    @given(st.lists(SAID, max_size=5))
    def test_any_conversation_ends_in_order(self, said: list[Frame | bytes]) -> None:
        """Whatever is said after a good beginning; what comes back is always frames."""
        peer = Peer()
        peer.call("apply", "-")
        for each in said:
            peer.connection.dataReceived(each.wire if isinstance(each, Frame) else each)
        for frame in peer.heard():
            self.assertIn(frame.kind, {Kind.OUT, Kind.ERROR, Kind.EXIT})
        peer.connection.connectionLost()

    def test_the_factory_makes_a_connection_for_each(self) -> None:
        """With the node's room."""
        factory = VerbFactory(MemoryNode().room, "gw1", VERBS)
        self.assertIsNot(factory.buildProtocol(None), factory.buildProtocol(None))
