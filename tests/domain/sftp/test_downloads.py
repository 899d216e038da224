"""Downloads that are decided about: a denied file gives no byte, and what is served is what was evaluated."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import string
from tests.domain.sftp.server import LINK, Node
from tests.domain.sftp.talk import RULE, Talk


class DownloadTests(SynchronousTestCase):
    """From OPEN to CLOSE."""

    def setUp(self) -> None:
        self.talk = Talk((RULE,)).begin()
        self.talk.server.nodes[b"/a"] = Node(b"0123456789")

    def test_a_file_that_passes_is_served_from_what_was_kept(self) -> None:
        """With one fact; the target's own handle is closed before."""
        self.assertEqual(self.talk.get(b"/a"), b"0123456789")
        told = self.talk.fact("file.transferred")
        self.assertEqual((told["direction"], told["bytes"], told["whole"]), ("download", 10, True))
        self.assertEqual(self.talk.server._handles, {})
        self.assertTrue(self.talk.depot.files[0].released)

    def test_a_denied_file_gives_no_byte(self) -> None:
        """By its content, or by its name alone."""
        self.talk.depot.verdict = Verdict(Decision.DENY, reason="it is infected")
        answer = self.talk.get(b"/a")
        self.assertEqual((answer.code, answer.text), (codec.DENIED, "it is infected"))
        self.talk.depot.naming = Verdict(Decision.DENY, reason="not this")
        self.assertEqual(self.talk.get(b"/a").text, "not this")
        self.assertEqual([fact.kind for fact in self.talk.facts], ["file.denied", "file.denied"])
        self.assertTrue(self.talk.depot.files[0].released)

    def test_the_real_path_is_judged_too(self) -> None:
        """A link does not hide what it leads to."""
        self.talk.server.nodes[b"/link"] = Node(mode=LINK | 0o777, to=b"/a")
        self.talk.get(b"/link")
        transfer = self.talk.depot.considered[0].transfer
        self.assertEqual((transfer.path, transfer.real), ("/link", "/a"))
        self.assertEqual(self.talk.fact("file.transferred")["real"], "/a")

    def test_a_file_that_grows_is_the_snapshot_that_was_evaluated(self) -> None:
        """What is served is what was seen, however long it became."""
        self.talk.server.grows = 3
        content = self.talk.get(b"/a")
        self.assertEqual(self.talk.depot.evaluated[0][1], content)

    def test_a_file_without_a_size_is_read_to_its_end(self) -> None:
        """As those of /proc are, in short pieces."""
        self.talk.server.nodes[b"/a"].content = b"x" * 100_000
        self.talk.server.short = 4_000
        self.assertEqual(self.talk.get(b"/a"), b"x" * 100_000)
        self.talk.server.nodes[b"/empty"] = Node(b"")
        self.assertEqual(self.talk.get(b"/empty"), b"")

    @settings(max_examples=30)
    @given(st.integers(0, 200_000), st.integers(100, 40_000), st.integers(1, 50_000))
    def test_every_size_arrives_whole(self, size: int, short: int, count: int) -> None:
        """Whatever pieces the target gives and the client asks for."""
        talk = Talk((RULE,)).begin()
        content = bytes(at % 251 for at in range(size))
        talk.server.nodes[b"/a"], talk.server.short = Node(content), max(short, size // 50)
        handle = talk.open(b"/a", codec.FOR_READING)
        got = b""
        while isinstance(chunk := talk.read(handle, len(got), count), bytes):
            got += chunk
        self.assertEqual(got, content)

    def test_what_the_target_refuses_is_passed_on(self) -> None:
        """Opening, and reading."""
        self.assertEqual(self.talk.get(b"/none").code, codec.NO_SUCH_FILE)
        self.talk.server.fails[codec.READ] = codec.FAILURE
        answer = self.talk.get(b"/a")
        self.assertEqual((answer.code, answer.text), (codec.FAILURE, "told to fail"))
        self.assertEqual({fact.body["outcome"] for fact in self.talk.facts}, {"failed"})

    def test_a_file_that_can_not_be_kept_is_refused(self) -> None:
        """Before a byte of it goes on."""
        self.talk.depot.room = 5
        self.assertEqual(self.talk.get(b"/a").text, "no room")
        self.assertTrue(self.talk.depot.files[0].released)

    def test_what_lags_makes_the_fetching_wait(self) -> None:
        """Until the disk has it."""
        self.talk.depot.lags = True
        self.assertEqual(self.talk.get(b"/a"), b"0123456789")

    def test_any_part_may_be_read_in_any_order(self) -> None:
        """From what was fetched before, or anew; behind the end there is nothing."""
        handle = self.talk.open(b"/a", codec.FOR_READING)
        self.assertEqual([self.talk.read(handle, at, 2) for at in (8, 0, 4)], [b"89", b"01", b"45"])
        self.assertEqual(self.talk.read(handle, 10).code, codec.EOF)
        self.assertEqual(self.talk.ask(codec.FSTAT, string(handle)).attributes.size, 10)

    def test_what_the_gateway_lost_is_said(self) -> None:
        """A read fails instead of ending the file early."""
        handle = self.talk.open(b"/a", codec.FOR_READING)
        self.talk.depot.lost = True
        self.assertEqual(self.talk.read(handle).code, codec.FAILURE)

    def test_reading_back_an_upload(self) -> None:
        """What the operator wrote himself; what was there before only where nobody decides about downloads."""
        both = codec.FOR_READING | codec.FOR_WRITING
        handle = self.talk.open(b"/new", both | codec.CREATE | codec.TRUNCATE)
        self.talk.write(handle, 0, b"mine")
        self.assertEqual(self.talk.read(handle), b"mine")
        old: Any = self.talk.open(b"/a", both)
        self.assertEqual(self.talk.read(old).code, codec.DENIED)
        talk = Talk((TransferRule("up", "upload", ("clamd",)),)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123456789")
        self.assertEqual(talk.read(talk.open(b"/a", both)), b"0123456789")
