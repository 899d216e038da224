"""What passes leaves a trace: each file one fact a direction, each change one."""

from __future__ import annotations

import hashlib
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Decision, Verdict
from gateway.domain.lane import Bytes, Close, Refuse
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, long, number, packet, string
from gateway.domain.sftp.handles import Waiting
from tests.domain.sftp.server import Node
from tests.domain.sftp.talk import DOWN, RULE, UP, Talk

BOTH = codec.FOR_READING | codec.FOR_WRITING
WATCH = TransferRule("watching", inspectors=("clamd",), mode="observe")


class FactTests(SynchronousTestCase):
    """What is told of files that nobody decides about."""

    def setUp(self) -> None:
        self.talk = Talk().begin()
        self.nodes = self.talk.server.nodes

    def test_an_upload_and_a_download_are_told_whole_with_their_digest(self) -> None:
        """One fact each."""
        self.talk.put(b"/a", b"hello")
        self.assertEqual(self.talk.get(b"/a"), b"hello")
        digest = hashlib.sha256(b"hello").hexdigest()
        told = [fact.body for fact in self.talk.facts]
        self.assertEqual([each["direction"] for each in told], ["upload", "download"])
        for each in told:
            self.assertEqual((each["bytes"], each["sha256"], each["whole"]), (5, digest, True))

    def test_a_part_is_told_as_a_part(self) -> None:
        """Read without its end, written without its beginning; out of order there is no digest."""
        self.nodes[b"/a"] = Node(b"0123456789")
        handle = self.talk.open(b"/a", codec.FOR_READING)
        self.talk.read(handle, 0, 4)
        self.talk.close(handle)
        handle = self.talk.open(b"/a", codec.FOR_WRITING)
        self.talk.write(handle, 5, b"x")
        self.talk.close(handle)
        first, second = [fact.body for fact in self.talk.facts]
        self.assertEqual((first["whole"], first["sha256"]), (False, hashlib.sha256(b"0123").hexdigest()))
        self.assertEqual((second["whole"], second["sha256"], second["bytes"]), (False, "", 1))

    def test_an_end_that_is_not_where_it_was_read_to_is_none(self) -> None:
        """Something in between was left out."""
        self.nodes[b"/a"] = Node(b"0123456789")
        handle = self.talk.open(b"/a", codec.FOR_READING)
        self.talk.read(handle, 0, 4)
        self.assertEqual(self.talk.read(handle, 50).code, codec.EOF)
        self.talk.server.fails[codec.READ] = codec.FAILURE
        self.assertEqual(self.talk.read(handle, 4).code, codec.FAILURE)
        self.talk.close(handle)
        self.assertFalse(self.talk.fact("file.transferred")["whole"])

    def test_a_file_opened_for_both_tells_what_was_moved(self) -> None:
        """Two facts where both were; one of an upload where nothing was."""
        self.nodes[b"/a"] = Node(b"0123")
        for moves, told in (((), ["upload"]), (("read",), ["download"]), (("write",), ["upload"]),
                            (("read", "write"), ["upload", "download"])):  # fmt: skip
            self.talk.effects.clear()
            handle = self.talk.open(b"/a", BOTH)
            for move in moves:
                _ = self.talk.read(handle) if move == "read" else self.talk.write(handle, 0, b"x")
            self.talk.close(handle)
            self.assertEqual([fact.body["direction"] for fact in self.talk.facts], told)

    def test_what_fails_is_told_too(self) -> None:
        """A file that is not opened, a write and a close that are refused."""
        self.talk.open(b"/none", codec.FOR_READING)
        self.talk.open(b"/no/such")
        self.talk.paths(codec.OPENDIR, b"/none")
        for step in (codec.WRITE, codec.CLOSE):
            handle = self.talk.open(b"/a")
            self.talk.server.fails = {step: codec.FAILURE}
            self.talk.write(handle, 0, b"x")
            self.talk.close(handle)
            self.talk.server.fails = {}
        told = [(fact.body["direction"], fact.body["outcome"]) for fact in self.talk.facts]
        self.assertEqual(told, [("download", "failed"), *[("upload", "failed")] * 3])

    def test_a_write_that_fails_without_a_word_has_failed(self) -> None:
        """Some servers leave the words out."""
        handle = self.talk.open(b"/a")
        self.talk.server.silent = True
        self.talk.write(handle, 0, b"x")
        self.talk.feed(Bytes(DOWN, packet(codec.STATUS, number(self.talk._next) + number(4))))
        self.talk.server.silent = False
        self.talk.replies()
        self.talk.close(handle)
        self.assertEqual(self.talk.fact("file.transferred")["outcome"], "failed")

    def test_an_answer_of_which_nothing_is_to_be_noted_passes(self) -> None:
        """A failure of a READ that passed where it stood."""
        self.talk.gate.table.waiting[7] = Waiting(codec.READ)
        self.talk.feed(Bytes(DOWN, codec.status(7, codec.FAILURE, "no")))
        self.assertEqual(len(self.talk.replies()), 1)

    def test_changes_of_names_and_attributes_are_told(self) -> None:
        """With what the target said."""
        self.nodes[b"/a"] = Node(b"x")
        self.talk.ask(codec.MKDIR, string(b"/d") + Attributes().sent())
        self.talk.ask(codec.SETSTAT, string(b"/a") + Attributes(mode=0o600).sent())
        self.talk.paths(codec.RENAME, b"/a", b"/b")
        self.talk.extended(codec.POSIX_RENAME, string(b"/b"), string(b"/a"))
        self.talk.paths(codec.REMOVE, b"/none")
        told = [(fact.body["operation"], fact.body["outcome"]) for fact in self.talk.facts]
        self.assertEqual(told, [("mkdir", "done"), ("setstat", "done"), ("rename", "done"), ("rename", "done"),
                                ("remove", "failed")])  # fmt: skip

    def test_an_answer_of_another_kind_is_no_change(self) -> None:
        """It is passed on as it is."""
        self.talk.server.silent = True
        self.talk.paths(codec.REMOVE, b"/a")
        self.talk.feed(Bytes(DOWN, packet(codec.HANDLE, number(1) + string(b"h"))))
        self.assertEqual(self.talk.facts, [])

    def test_no_target_permits_more_than_is_taken_here(self) -> None:
        """Its limits are cut to those of the gateway; an error stays what it is."""
        self.talk.up(packet(codec.EXTENDED, number(9) + string(codec.LIMITS)))
        piece: Any = self.talk._heard.take()
        fields = codec.Fields(piece.body)
        self.assertEqual([fields.number(), *(fields.long() for _ in range(4))], [9, *[256 * 1024] * 3, 1 << 30])
        self.talk.server.fails[codec.LIMITS] = codec.FAILURE
        self.assertEqual(self.talk.extended(codec.LIMITS).code, codec.FAILURE)
        self.assertEqual(long(1), bytes(7) + b"\1")

    def test_a_handle_that_is_open_already_ends_the_channel(self) -> None:
        """Its bytes would be somebody else's."""
        self.talk.server.silent = True
        for request in (1, 2):
            self.talk.up(packet(codec.OPEN, number(request) + string(b"/a") + number(1) + Attributes().sent()))
            self.talk.feed(Bytes(DOWN, packet(codec.HANDLE, number(request) + string(b"same"))))
        self.assertEqual([type(each) for each in self.talk.effects if isinstance(each, Refuse)], [Refuse])


class EndTests(SynchronousTestCase):
    """What is open when the channel ends."""

    def test_every_open_file_is_told_as_aborted(self) -> None:
        """Passing, kept, being closed; a folder is not."""
        talk = Talk((TransferRule("up", "upload", ("clamd",)),)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123")
        talk.read(talk.open(b"/a", codec.FOR_READING))
        talk.write(talk.open(b"/b"), 0, b"xy")
        talk.paths(codec.OPENDIR, b"/")
        closing = talk.open(b"/a", codec.FOR_READING)
        talk.server.silent = True
        talk.close(closing)
        talk.feed(Close(DOWN))
        told = [(fact.body["path"], fact.body["outcome"], fact.body["bytes"]) for fact in talk.facts]
        self.assertEqual(told, [("/a", "aborted", 4), ("/b", "aborted", 2), ("/a", "aborted", 0)])
        self.assertNotIn(b"/b", talk.server.nodes)

    def test_what_was_served_was_transferred(self) -> None:
        """The operator had it, closed or not."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123")
        talk.open(b"/a", codec.FOR_READING)
        talk.feed(Close(UP))
        self.assertEqual(talk.fact("file.transferred")["outcome"], "transferred")

    def test_what_was_kept_for_a_job_is_released(self) -> None:
        """A download that was being fetched."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123")
        talk.hold = True
        talk.open(b"/a", codec.FOR_READING)
        while not talk.depot.files:
            talk.answer()
        talk.feed(Close(DOWN))
        self.assertTrue(talk.depot.files[0].released)


class ObservingTests(SynchronousTestCase):
    """Rules that only report."""

    def setUp(self) -> None:
        self.talk = Talk((WATCH,)).begin()
        self.talk.depot.verdict = Verdict(Decision.DENY, score=7)

    def test_a_copy_is_evaluated_when_the_file_has_passed(self) -> None:
        """It says what would have been, and nobody waited."""
        self.assertEqual(self.talk.put(b"/a", b"virus").code, codec.OK)
        self.assertEqual(self.talk.get(b"/a"), b"virus")
        self.assertEqual([content for _, content in self.talk.depot.evaluated], [b"virus"] * 2)
        for fact in self.talk.depot.observed:
            self.assertEqual((fact.body["outcome"], fact.body["would_deny"]), ("transferred", ["watching"]))
        self.assertEqual((self.talk.gate.desk.risk.score, self.talk.facts), (14, []))
        self.assertTrue(all(kept.released for kept in self.talk.depot.files))

    def test_without_room_for_a_copy_the_file_passes_unevaluated(self) -> None:
        """The fact has no verdicts; an empty file needs none."""
        self.talk.depot.room = 2
        self.talk.put(b"/a", b"virus")
        self.talk.put(b"/b", b"")
        self.assertEqual([fact.body["verdicts"] for fact in self.talk.facts], [[], []])
        self.assertTrue(all(kept.released for kept in self.talk.depot.files))
