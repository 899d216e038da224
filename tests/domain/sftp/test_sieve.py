"""What passes where it stands is noted as if it had been read: the two ways can not be told apart."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Bytes
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, long, number, packet, status, string
from gateway.domain.sftp.handles import MOST_WAITING, Waiting
from gateway.domain.sftp.sieve import passes_down, passes_up
from tests.domain.sftp.server import Node
from tests.domain.sftp.talk import DOWN, RULE, UP, Talk
from tests.domain.sftp.test_passing import WATCH

BOTH = codec.FOR_READING | codec.FOR_WRITING


def write(request: int, handle: bytes, offset: int, chunk: bytes) -> bytes:
    return packet(codec.WRITE, number(request) + string(handle) + long(offset) + string(chunk))


def read(request: int, handle: bytes, offset: int, count: int) -> bytes:
    return packet(codec.READ, number(request) + string(handle) + long(offset) + number(count))


def sift(talk: Talk, lane: Any, chunk: bytes) -> bool:
    """Give a chunk the faster way if it may go it, else the ordinary one; return which it was."""
    passes = passes_up if lane is UP else passes_down
    if talk._flow.held(lane) == 0 and passes(talk.gate, memoryview(chunk)):
        if lane is UP:
            answers = talk.server.feed(chunk)
            for at in range(0, len(answers), 7):
                sift(talk, DOWN, answers[at : at + 7])
        else:
            talk._heard.push(chunk)
        return True
    talk.feed(Bytes(lane, chunk))
    return False


class SieveTests(SynchronousTestCase):
    """Chunks that may pass, and those that may not."""

    def setUp(self) -> None:
        self.talk = Talk().begin()
        self.talk.server.nodes[b"/a"] = Node(b"0123456789")
        self.handle = self.talk.open(b"/a", BOTH)
        self.talk.server.silent = True

    def up(self, chunk: bytes) -> bool:
        return passes_up(self.talk.gate, memoryview(chunk))

    def down(self, chunk: bytes) -> bool:
        return passes_down(self.talk.gate, memoryview(chunk))

    @settings(max_examples=80, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("rw"), st.integers(0, 30), st.binary(max_size=20)), max_size=8),
           st.lists(st.integers(1, 60), max_size=12))  # fmt: skip
    def test_cut_anywhere_it_is_noted_the_same(self, steps: list[tuple[str, int, bytes]], cuts: list[int]) -> None:
        """The target has the same, the client hears the same, the same is told."""
        found = []
        for sifting in (True, False):
            talk = Talk().begin()
            talk.server.nodes[b"/a"] = Node(b"0123456789" * 3)
            handle = talk.open(b"/a", BOTH)
            stream = b"".join(
                write(n, handle, at, chunk) if kind == "w" else read(n, handle, at, len(chunk))
                for n, (kind, at, chunk) in enumerate(steps, 500)
            )
            for cut in [*cuts, len(stream)]:
                chunk, stream = stream[:cut], stream[cut:]
                if chunk and sifting:
                    sift(talk, UP, chunk)
                elif chunk:
                    talk.up(chunk)
            heard = talk.replies()
            talk.close(handle)
            found.append((heard, talk.server.nodes[b"/a"].content, talk.facts))
        self.assertEqual(found[0], found[1])

    def test_bodies_and_their_answers_pass(self) -> None:
        """Whole ones, and parts of one."""
        raw = write(7, self.handle, 0, b"hello") + read(8, self.handle, 0, 5) + write(9, self.handle, 5, b"")
        self.assertTrue(self.up(raw))
        self.assertEqual(sorted(self.talk.gate.table.waiting), [7, 8, 9])
        self.assertTrue(self.down(status(7, 0, "") + packet(codec.DATA, number(8) + string(b"hello"))[:-2]))
        self.assertTrue(self.down(b"lo" + status(9, 0, "")))
        self.assertEqual((self.talk.gate.table.waiting, self.talk.gate.down.left), ({}, 0))
        self.assertTrue(self.up(read(10, self.handle, 5, 5)))
        self.assertTrue(self.down(status(10, codec.EOF, "")))
        opened = self.talk.gate.table.files[self.handle]
        assert opened.up is not None and opened.down is not None
        self.assertEqual((opened.up.count, opened.down.count, opened.down.whole), (5, 5, True))

    def test_whatever_else_is_in_a_chunk_goes_the_ordinary_way(self) -> None:
        """With nothing noted."""
        good, folder = write(7, self.handle, 0, b"x"), packet(codec.READDIR, number(9) + string(self.handle))
        before = dict(self.talk.gate.table.waiting)
        lying = bytearray(good)
        lying[3] += 1
        short = bytearray(read(7, self.handle, 0, 5))
        short[3] += 1
        endless = packet(codec.WRITE, number(7) + number(9999) + bytes(30))
        for chunk in (good + folder, good + good, good[:9], good[:-6], bytes(lying), bytes(short) + b"x",
                      write(8, b"never", 0, b"x"), endless):  # fmt: skip
            self.assertFalse(self.up(chunk), chunk)
        self.assertEqual(self.talk.gate.table.waiting, before)
        opened = self.talk.gate.table.files[self.handle]
        assert opened.up is not None
        self.assertEqual(opened.up.count, 0)

    def test_one_way_files_pass_one_way(self) -> None:
        """What was opened for reading is not written, nor the other way round."""
        self.talk.server.silent = False
        reading, writing = self.talk.open(b"/a", codec.FOR_READING), self.talk.open(b"/b")
        self.assertFalse(self.up(write(7, reading, 0, b"x")))
        self.assertFalse(self.up(read(7, writing, 0, 5)))

    def test_answers_of_another_kind_go_the_ordinary_way(self) -> None:
        """Failures, answers to other requests, to the gateway's own, to nothing, twice, too long, not whole."""
        waiting = self.talk.gate.table.waiting
        self.up(read(7, self.handle, 0, 3) + write(8, self.handle, 0, b"x"))
        waiting[9] = Waiting(codec.STAT)
        waiting[10] = Waiting(codec.READ, own=True, count=9)
        chunk = packet(codec.DATA, number(7) + string(b"012"))
        for raw in (
            status(8, codec.FAILURE, ""), status(7, codec.FAILURE, ""), status(9, 0, ""), status(99, 0, ""), chunk * 2,
            packet(codec.DATA, number(7) + string(b"0123")), packet(codec.DATA, number(8) + string(b"0")),
            packet(codec.DATA, number(10) + string(b"0")), status(8, 0, "")[:-1], chunk[:9],
        ):  # fmt: skip
            self.assertFalse(self.down(raw), raw)
        self.assertEqual(sorted(waiting), [7, 8, 9, 10])

    def test_nothing_passes_while_something_waits(self) -> None:
        """A packet that is not whole, a job, versions that were not said."""
        self.assertFalse(passes_up(Talk().gate, memoryview(b"x")))
        self.assertFalse(passes_down(Talk().gate, memoryview(b"x")))
        self.talk.up(read(7, self.handle, 0, 3)[:6])
        self.assertFalse(self.up(write(8, self.handle, 0, b"x")))
        self.talk.feed(Bytes(DOWN, status(7, 0, "")[:6]))
        self.assertFalse(self.down(status(8, 0, "")))

    def test_with_too_many_unanswered_nothing_passes(self) -> None:
        """The ordinary way makes them wait."""
        self.talk.gate.table.waiting.update((n, Waiting(codec.STAT)) for n in range(100, 100 + MOST_WAITING))
        self.assertFalse(self.up(read(7, self.handle, 0, 3)))

    def test_what_is_copied_or_kept_is_read(self) -> None:
        """Rules that observe, rules that decide, bytes that go nowhere."""
        for rule in (WATCH, RULE):
            talk = Talk((rule,)).begin()
            talk.server.nodes[b"/a"] = Node(b"0123456789")
            handle = talk.open(b"/a", BOTH)
            self.assertFalse(passes_up(talk.gate, memoryview(write(7, handle, 0, b"x"))))
            talk.server.silent = True
            talk.up(read(8, handle, 0, 5))
            raw = packet(codec.DATA, number(8) + string(b"01234"))
            self.assertFalse(passes_down(talk.gate, memoryview(raw)) and rule is WATCH)
        raw = write(7, b"never", 0, b"0123456789")
        self.talk.up(raw[:-5])
        self.assertFalse(self.up(raw[-5:]))
        self.assertEqual(Attributes(), codec.NOTHING)

    def test_bytes_go_on_where_a_head_was_read(self) -> None:
        """A body that began the ordinary way ends the faster one, and the other way round."""
        raw = write(7, self.handle, 2, b"hello")
        self.talk.up(raw[:-3])
        self.assertTrue(self.up(raw[-3:-1]))
        self.talk.up(raw[-1:])
        opened = self.talk.gate.table.files[self.handle]
        assert opened.up is not None
        self.assertEqual(opened.up.count, 5)
        self.up(read(8, self.handle, 0, 9))
        raw = packet(codec.DATA, number(8) + string(b"012345678"))
        self.talk.feed(Bytes(DOWN, raw[:-3]))
        self.assertTrue(self.down(raw[-3:]))
        self.assertIsNone(self.talk.gate.reading)
