"""The SFTP subsystem without a wire."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh import demo_sftp_messages as messages
from gateway.ssh.demo_files import Scratch
from gateway.ssh.demo_sftp import MOST_HANDLES, MOST_UNSENT, REQUESTS, Sftp
from gateway.ssh.demo_sftp_messages import Attributes, Packets, packet, write_attributes
from gateway.ssh.program import Start
from gateway.wire.fields import Fields, string, uint32
from tests.ssh.outputs import KeptOutput

NO_ATTRIBUTES = write_attributes(Attributes())
FIELDS = st.one_of(
    st.binary(max_size=12),
    st.integers(0, 40).map(uint32),
    st.sampled_from([b".", b"/", b"/root/welcome.txt", b"/new", b"/tmp", b"\0\0\0\1", b"\0\0\0\2"]).map(string),
    st.just(NO_ATTRIBUTES),
)
REQUEST = st.tuples(
    st.sampled_from([*sorted(REQUESTS), 0, 77]), st.lists(FIELDS, max_size=5).map(b"".join)
).map(lambda pair: packet(pair[0], uint32(5) + pair[1]))


class SftpCase(SynchronousTestCase):
    """A subsystem on a fresh scratch directory."""

    def setUp(self) -> None:
        self.scratch = Scratch(Path(self.mktemp()).absolute())
        self.scratch.prepare()
        self.sftp, self.output = self.begin()

    def begin(self) -> tuple[Sftp, KeptOutput]:
        sftp, output = Sftp(self.scratch), KeptOutput()
        sftp.start(Start("sftp", None), output)
        sftp.received(packet(messages.INIT, uint32(3)))
        self.assertEqual(output.out[4], messages.VERSION)
        output.out.clear()
        return sftp, output

    def answers(self, output: KeptOutput | None = None) -> list[bytes]:
        packets, output = Packets(), output or self.output
        packets.push(bytes(output.out))
        output.out.clear()
        found = []
        while (taken := packets.take()) is not None:
            found.append(taken)
        return found

    def ask(self, kind: int, body: bytes) -> bytes:
        self.sftp.received(packet(kind, uint32(9) + body))
        (answer,) = self.answers()
        self.assertEqual(answer[1:5], uint32(9))
        return answer[:1] + answer[5:]

    def code(self, kind: int, body: bytes) -> int:
        answer = self.ask(kind, body)
        self.assertEqual(answer[0], messages.STATUS)
        return struct.unpack_from(">L", answer, 1)[0]

    def open(self, path: bytes, flags: int) -> bytes:
        answer = self.ask(messages.OPEN, string(path) + uint32(flags) + NO_ATTRIBUTES)
        self.assertEqual(answer[0], messages.HANDLE, answer)
        return Fields(answer[1:]).string("handle", 256)


class SftpTests(SftpCase):
    """What real clients do not show."""

    def test_appending_ignores_the_offset(self) -> None:
        """What was there stays."""
        handle = self.open(b"welcome.txt", 2 | 4)
        before = (self.scratch.root / "root" / "welcome.txt").stat().st_size
        self.assertEqual(self.code(messages.WRITE, string(handle) + struct.pack(">Q", 0) + string(b"more")), 0)
        self.assertEqual((self.scratch.root / "root" / "welcome.txt").stat().st_size, before + 4)

    def test_exclusive_creation_fails_on_what_is_there(self) -> None:
        """And a new file is what was asked for, but never executable."""
        body = string(b"welcome.txt") + uint32(2 | 8 | 32) + NO_ATTRIBUTES
        self.assertEqual(self.code(messages.OPEN, body), messages.FAILURE)
        self.ask(messages.OPEN, string(b"new") + uint32(2 | 8) + write_attributes(Attributes(mode=0o4755)))
        self.assertEqual((self.scratch.root / "root" / "new").stat().st_mode & 0o7777, 0o644)

    def test_reading_past_the_end_is_eof_at_any_offset(self) -> None:
        """Also where the kernel would call the offset invalid: then it fails in words."""
        handle = self.open(b"welcome.txt", 1)
        for offset, code in ((10**6, messages.EOF), (2**64 - 1, messages.FAILURE)):
            body = string(handle) + struct.pack(">QL", offset, 100)
            self.assertEqual(self.code(messages.READ, body), code)

    def test_a_handle_is_good_for_its_own_kind(self) -> None:
        """A directory is not read, a file is not listed, and a closed one is nothing."""
        file = self.open(b"welcome.txt", 1)
        answer = self.ask(messages.OPENDIR, string(b"/"))
        folder = Fields(answer[1:]).string("handle", 256)
        self.assertEqual(self.code(messages.READDIR, string(file)), messages.FAILURE)
        self.assertEqual(self.code(messages.READ, string(folder) + bytes(12)), messages.FAILURE)
        self.assertEqual(self.code(messages.CLOSE, string(file)), 0)
        self.assertEqual(self.code(messages.CLOSE, string(file)), messages.FAILURE)
        self.assertEqual(self.code(messages.FSTAT, string(file)), messages.FAILURE)

    def test_a_long_directory_is_named_in_pieces(self) -> None:
        """Each name once, then the end."""
        for number in range(250):
            self.scratch.make_folder((b"tmp", b"%03d" % number))
        folder = Fields(self.ask(messages.OPENDIR, string(b"/tmp"))[1:]).string("handle", 256)
        counts = []
        while (answer := self.ask(messages.READDIR, string(folder)))[0] == messages.NAME:
            counts.append(struct.unpack_from(">L", answer, 1)[0])
        self.assertEqual(counts, [100, 100, 52])

    def test_handles_and_links_have_an_end(self) -> None:
        """So many files open and no more; no links, no owners, nothing unknown."""
        for _ in range(MOST_HANDLES):
            self.open(b"welcome.txt", 1)
        body = string(b"welcome.txt") + uint32(1) + NO_ATTRIBUTES
        self.assertEqual(self.code(messages.OPEN, body), messages.FAILURE)
        self.assertEqual(sum(self.scratch.opened.values()), MOST_HANDLES)
        self.assertEqual(self.code(messages.SYMLINK, string(b"a") + string(b"b")), messages.UNSUPPORTED)
        self.assertEqual(self.code(messages.EXTENDED, string(b"hardlink@openssh.com")), messages.UNSUPPORTED)
        owned = string(b"welcome.txt") + write_attributes(Attributes(owners=(1, 1)))
        self.assertEqual(self.code(messages.SETSTAT, owned), messages.DENIED)
        self.sftp.stopped()
        self.assertEqual(dict(self.scratch.opened), {})

    def test_a_client_that_reads_nothing_gets_no_more(self) -> None:
        """Requests wait, are not refunded, and are all answered when there is room."""
        self.output.stuck = True
        handle = self.open(b"welcome.txt", 3)
        self.sftp.received(packet(messages.WRITE, uint32(1) + string(handle) + bytes(8) + string(bytes(250_000))))
        read = packet(messages.READ, uint32(2) + string(handle) + struct.pack(">QL", 0, 250_000))
        self.sftp.received(read * 50)
        self.assertTrue(self.output.paused)
        self.assertLess(self.output.unsent(), MOST_UNSENT + 260_000)
        count = 0
        while answered := self.answers():
            count += len(answered)
            self.output.take()
            self.sftp.drained()
        self.assertEqual((count, self.output.paused), (51, False))

    def test_eof_ends_with_a_status(self) -> None:
        """Nothing left over is 0, half a packet is 1."""
        self.sftp.ended()
        self.assertEqual(self.output.code, 0)
        sftp, output = self.begin()
        sftp.received(b"\0\0\0")
        sftp.ended()
        self.assertEqual(output.code, 1)

    def test_a_broken_stream_ends_the_channel(self) -> None:
        """A first packet that is no greeting, an impossible length, a request without a number."""
        for stream in (packet(messages.OPEN, bytes(4)), uint32(0), packet(messages.INIT, bytes(4)) + packet(3, b"")):
            sftp, output = Sftp(self.scratch), KeptOutput()
            sftp.start(Start("sftp", None), output)
            sftp.received(stream + b"more")
            sftp.received(b"more")
            sftp.ended()
            self.assertEqual(output.code, 1)

    @settings(max_examples=150)
    @given(st.lists(REQUEST, max_size=8))
    def test_each_request_has_one_answer_whatever_it_says(self, requests: list[bytes]) -> None:
        """In order, with its number, and nothing outside the scratch directory is touched."""
        sftp, output = self.begin()
        before = sorted(os.listdir(self.scratch.root.parent))
        sftp.received(b"".join(requests))
        answers = self.answers(output)
        sftp.stopped()
        self.assertEqual([answer[1:5] for answer in answers], [uint32(5)] * len(requests))
        self.assertEqual(sorted(os.listdir(self.scratch.root.parent)), before)
        self.assertEqual(dict(self.scratch.opened), {})
