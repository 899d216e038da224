"""The gate of SFTP: what is no packet ends the channel, what waits keeps its order, every end tells what was open."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.evaluation import Evaluate
from gateway.domain.lane import (
    Answered,
    Bytes,
    Close,
    End,
    EndSession,
    Lane,
    Order,
    OrderKind,
    Refuse,
    Request,
    Tick,
)
from gateway.domain.sftp import codec
from gateway.domain.sftp.codec import Attributes, number, packet, status, string
from gateway.domain.sftp.handles import MOST_WAITING, OWN_IDS
from tests.domain.sftp.server import REGULAR, Node, Server
from tests.domain.sftp.talk import DOWN, RULE, UP, Talk


class StreamTests(SynchronousTestCase):
    """Both streams of a channel."""

    def broken(self, talk: Talk) -> None:
        (refused,) = [effect for effect in talk.effects if isinstance(effect, Refuse)]
        self.assertEqual((refused.code, talk.fact("channel.refused")["reason"]), (77, "malformed"))
        heard = len(talk.server.heard)
        talk.up(packet(codec.REMOVE, number(77) + string(b"/a")))
        self.assertEqual(len(talk.server.heard), heard)

    @settings(max_examples=100)
    @given(st.binary(min_size=1, max_size=80), st.booleans())
    def test_any_bytes_are_answered_or_end_the_channel(self, stream: bytes, first: bool) -> None:
        """Whatever an operator or a target sends; nothing is raised."""
        talk = Talk((RULE,)) if first else Talk((RULE,)).begin()
        talk.feed(Bytes(UP, stream))
        talk.feed(Bytes(DOWN, stream))
        self.assertFalse([effect for effect in talk.effects if isinstance(effect, EndSession)])

    def test_what_does_not_begin_with_a_version_ends_the_channel(self) -> None:
        """From either side, and a version that is too old."""
        for chunk in (packet(codec.REMOVE, number(1)), packet(codec.INIT, number(2)),
                      packet(codec.WRITE, number(1) + string(b"") + bytes(8) + number(0))):  # fmt: skip
            talk = Talk()
            talk.up(chunk)
            self.broken(talk)
        talk = Talk()
        talk.feed(Bytes(DOWN, packet(codec.VERSION, number(3))))
        self.broken(talk)
        talk = Talk(server=Server(silent=True))
        talk.up(packet(codec.INIT, number(6)))
        talk.feed(Bytes(DOWN, status(1, 0, "")))
        self.broken(talk)

    def test_an_answer_to_nothing_ends_the_channel(self) -> None:
        """Also a DATA longer than was asked for, one to what is no READ, and an answer where a request should be."""
        for chunk in (status(9, 0, ""), packet(codec.DATA, number(9) + string(b"x"))):
            talk = Talk().begin()
            talk.feed(Bytes(DOWN, chunk))
            self.broken(talk)
        talk = Talk().begin()
        talk.server.silent = True
        talk.paths(codec.STAT, b"/a")
        talk.feed(Bytes(DOWN, packet(codec.DATA, number(1) + string(b"x"))))
        self.broken(talk)
        talk = Talk().begin()
        talk.up(packet(codec.DATA, number(9) + string(b"x")))
        self.broken(talk)

    def test_an_id_that_waits_is_not_used_again(self) -> None:
        """Answers would be mistaken for each other's."""
        talk = Talk().begin()
        talk.server.silent = True
        for _ in range(2):
            talk.up(packet(codec.STAT, number(5) + string(b"/a")))
        self.broken(talk)

    def test_requests_that_are_not_known_are_answered_here(self) -> None:
        """The target never hears of them."""
        talk = Talk().begin()
        self.assertEqual(talk.ask(77, b"").code, codec.UNSUPPORTED)
        self.assertEqual(talk.extended(b"vendor-id@x").code, codec.UNSUPPORTED)
        self.assertEqual(talk.server.heard, [])

    def test_with_too_many_unanswered_the_stream_waits(self) -> None:
        """And goes on with the answers, in order."""
        talk = Talk().begin()
        talk.server.silent = True
        for request in range(MOST_WAITING + 3):
            talk.up(packet(codec.STAT, number(request) + string(b"/a")))
        self.assertEqual(len(talk.server.heard), MOST_WAITING)
        self.assertGreater(talk._flow.held(UP), 0)
        for request in range(3):
            talk.feed(Bytes(DOWN, status(request, 2, "")))
        self.assertEqual((len(talk.server.heard), talk._flow.held(UP)), (MOST_WAITING + 3, 0))

    def test_standard_error_and_requests_are_none_of_its_affair(self) -> None:
        """They pass as they come."""
        talk = Talk().begin()
        talk.feed(Bytes(DOWN, b"warning", stderr=True))
        talk.feed(Request(DOWN, "exit-status", number(3)))
        talk.feed(Order(OrderKind.MARK, "carol"))
        talk.end(DOWN)
        told = Request(DOWN, "exit-status", number(3))
        self.assertEqual(talk.effects, [Bytes(DOWN, b"warning", stderr=True), told, End(DOWN), Close(DOWN)])


class WritingTests(SynchronousTestCase):
    """WRITEs, where nobody decides and where somebody does."""

    def test_a_write_to_what_is_not_open_goes_nowhere(self) -> None:
        """After the close, to a folder, to what was opened for reading; its bytes are swallowed."""
        for rules in ((), (RULE,)):
            talk = Talk(rules).begin()
            talk.server.nodes[b"/a"] = Node(b"old")
            folder = talk.paths(codec.OPENDIR, b"/").handle
            reading = talk.open(b"/a", codec.FOR_READING)
            closed = talk.open(b"/b")
            talk.close(closed)
            before = len(talk.server.heard)
            for handle in (folder, reading, closed, b"never"):
                self.assertEqual(talk.write(handle, 0, b"x" * 90).code, codec.FAILURE)
            self.assertEqual(len(talk.server.heard), before)

    def test_an_empty_write_is_a_write(self) -> None:
        """It has no bytes to wait for."""
        for rules in ((), (RULE,)):
            talk = Talk(rules).begin()
            handle = talk.open(b"/a")
            self.assertEqual(talk.write(handle, 0, b"").code, codec.OK)
            self.assertEqual(talk.write(handle, 0, b"x").code, codec.OK)
            self.assertEqual(talk.close(handle).code, codec.OK)
            self.assertEqual(talk.server.nodes[b"/a"].content, b"x")

    def test_a_write_cut_anywhere_is_the_same_write(self) -> None:
        """Passed or kept."""
        for rules in ((), (RULE,)):
            talk = Talk(rules).begin()
            handle = talk.open(b"/a")
            raw = packet(codec.WRITE, number(500) + string(handle) + bytes(8) + string(b"hello"))
            for at in range(len(raw)):
                talk.up(raw[at : at + 1])
            self.assertEqual(talk.close(handle).code, codec.OK)
            self.assertEqual(talk.server.nodes[b"/a"].content, b"hello")

    def test_what_lags_makes_the_stream_wait(self) -> None:
        """Until the disk has it."""
        talk = Talk((RULE,)).begin()
        talk.depot.lags = True
        handle = talk.open(b"/a")
        talk.hold = True
        self.assertEqual(talk.write(handle, 0, b"abc").code, codec.OK)
        self.assertIsNone(talk.write(handle, 3, b"def"))
        talk.answer()
        self.assertEqual(bytes(talk.depot.files[0].content), b"abcdef")

    def test_appending_writes_behind_what_is_there(self) -> None:
        """Whatever offset the client gives."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"old")
        handle = talk.open(b"/a", codec.FOR_WRITING | codec.APPEND)
        talk.write(handle, 0, b"new")
        talk.close(handle)
        self.assertEqual(talk.server.nodes[b"/a"].content, b"oldnew")

    def test_a_file_that_can_not_be_kept_is_refused(self) -> None:
        """The node lives; the transfer fails in words, and nothing is there."""
        talk = Talk((RULE,)).begin()
        talk.depot.room = 5
        handle = talk.open(b"/a")
        for _ in range(2):
            answer = talk.write(handle, 0, b"0123456789")
            self.assertEqual((answer.code, answer.text), (codec.FAILURE, "no room"))
        self.assertEqual(talk.close(handle).text, "no room")
        self.assertEqual(talk.fact("file.transferred")["outcome"], "failed")
        self.assertNotIn(b"/a", talk.server.nodes)

    def test_what_passes_is_said_to_lag_where_it_does(self) -> None:
        """So that its source can be made to pause."""
        talk = Talk().begin()
        self.assertFalse(talk.gate.lags)
        talk.write(talk.open(b"/a"), 0, b"x")
        self.assertFalse(talk.gate.lags)
        talk.depot.hashings[0].lags = True
        self.assertTrue(talk.gate.lags)


class JobTests(SynchronousTestCase):
    """One job at a time, and what it may do."""

    def test_own_answers_wait_for_a_data_that_is_being_passed(self) -> None:
        """They would stand inside of it otherwise."""
        talk = Talk().begin()
        talk.server.nodes[b"/a"] = Node(b"0123456789")
        handle = talk.open(b"/a", codec.FOR_READING)
        talk.server.silent = True
        self.assertIsNone(talk.read(handle))
        talk.feed(Bytes(DOWN, packet(codec.DATA, number(talk._next) + string(b"0123456789"))[:-4]))
        talk.up(packet(codec.READ, number(900) + string(b"never") + bytes(12)))
        self.assertEqual(talk.replies(), [b"012345"])
        talk.feed(Bytes(DOWN, b"6789"))
        data, refusal = talk.replies()
        self.assertEqual((data, getattr(refusal, "id", 0)), (b"6789", 900))

    def test_an_end_waits_for_what_came_before(self) -> None:
        """The file that was closed is placed first."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a")
        talk.write(handle, 0, b"x")
        talk.hold = True
        talk.close(handle)
        talk.feed(End(UP))
        self.assertNotIn(End(UP), talk.effects)
        while talk.asks:
            talk.answer()
        self.assertIn(End(UP), talk.effects)
        self.assertEqual(talk.server.nodes[b"/a"].content, b"x")

    def test_a_close_forgets_the_job_and_leaves_nothing(self) -> None:
        """What was begun beside the goal is removed, what was kept is released."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a")
        talk.write(handle, 0, b"x")
        talk.hold = True
        talk.close(handle)
        while not talk.gate.table.undo:
            talk.answer()
        talk.feed(Close(UP))
        talk.answer()
        self.assertEqual(sorted(talk.server.nodes), [b"/"])
        self.assertTrue(talk.depot.closed)
        self.assertIn(Close(UP), talk.effects)
        self.assertTrue(all(kept.released for kept in talk.depot.files))

    def test_a_target_that_leaves_gives_an_exit_status(self) -> None:
        """Where it gave none, and to a job that still waits for its answer."""
        talk = Talk((RULE,)).begin()
        talk.server.silent = True
        talk.paths(codec.STAT, b"/a")
        talk.open(b"/a")
        talk.end(DOWN)
        self.assertIn(Request(DOWN, "exit-status", number(0)), talk.effects)
        self.assertEqual(talk.effects[-1], Close(DOWN))

    def test_an_answer_that_comes_too_late_is_nobodys(self) -> None:
        """The job it was for is over."""
        talk = Talk((RULE,)).begin()
        talk.server.silent = True
        talk.open(b"/a")
        talk.gate._drop_job()
        talk.feed(Bytes(DOWN, status(OWN_IDS, 2, "")))
        self.assertEqual(list(talk.gate._inbox), [])
        self.assertEqual(list(talk.gate.weigh(Answered(1, ""), 0.0)), [])

    def test_ids_of_its_own_come_round(self) -> None:
        """And pass over one that waits."""
        talk = Talk((RULE,)).begin()
        talk.gate._next_id = 0xFFFFFFFF
        self.assertEqual(talk.put(b"/a", b"x").code, codec.OK)
        talk.server.silent = True
        talk.gate._next_id = 0xFFFFFFFF
        talk.up(packet(codec.STAT, number(0xFFFFFFFF) + string(b"/a")))
        self.assertIn(0xFFFFFFFF, talk.gate.table.waiting)
        talk.up(packet(codec.OPEN, number(700) + string(b"/b") + number(2) + Attributes().sent()))
        self.assertIn(OWN_IDS, talk.gate.table.waiting)

    def test_answers_that_come_while_somebody_else_is_asked_are_kept(self) -> None:
        """The job takes them when it waits for them."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a")
        for at in range(10):
            talk.write(handle, at * 100_000, b"x" * 100_000)
        self.assertEqual(talk.close(handle).code, codec.OK)
        self.assertEqual(len(talk.server.nodes[b"/a"].content), 1_000_000)

    def test_a_request_may_pass_when_a_job_says_so(self) -> None:
        """Both names of a rename are looked at first."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"x")
        self.assertEqual(talk.paths(codec.RENAME, b"/a", b"/b").code, codec.OK)
        self.assertEqual(len(talk.depot.considered), 2)

    def test_what_was_left_by_others_is_removed_first(self) -> None:
        """Before anything else is asked; what is gone already is no fault."""
        talk = Talk((RULE,))
        talk.depot.left = [b"/.ostiary-1", b"/.ostiary-2"]
        talk.server.nodes[b"/.ostiary-1"] = Node(b"half")
        talk.begin()
        self.assertEqual((sorted(talk.server.nodes), talk.depot.left), ([b"/"], []))

    def test_somebody_who_waits_long_is_told(self) -> None:
        """After two seconds, then from time to time."""
        talk = Talk((RULE,)).begin()
        handle = talk.open(b"/a")
        talk.hold = True
        talk.close(handle)
        while not isinstance(talk.asks[0].question, Evaluate):
            talk.answer()
        for at in (1.0, 3.0, 4.0, 14.0):
            talk.feed(Tick(), at)
        self.assertEqual([line.split(" is being evaluated")[1] for line in talk.said], [" (3 s)", " (14 s)"])

    def test_a_read_is_served_while_others_pass(self) -> None:
        """A file in a folder that nobody decides about, beside one that is kept."""
        talk = Talk((RULE,)).begin()
        talk.server.nodes[b"/a"] = Node(b"0123456789", mode=REGULAR | 0o600)
        self.assertEqual(talk.get(b"/a"), b"0123456789")
        self.assertEqual(talk.paths(codec.LSTAT, b"/a").attributes.mode, REGULAR | 0o600)

    def test_what_can_not_be_kept_of_a_download_is_not_written(self) -> None:
        """The rest is taken from the target and dropped."""
        talk = Talk((RULE,)).begin()
        talk.depot.room = 40_000
        talk.server.nodes[b"/a"] = Node(b"x" * 100_000)
        answer: Any = talk.get(b"/a")
        self.assertEqual((answer.code, answer.text), (codec.FAILURE, "no room"))

    def test_the_state_in_which_bodies_may_pass_is_said(self) -> None:
        """Not before the versions, nor while a job runs."""
        talk = Talk((RULE,))
        self.assertFalse(talk.gate.idle)
        talk.begin()
        self.assertTrue(talk.gate.idle)
        talk.hold = True
        talk.open(b"/a")
        self.assertFalse(talk.gate.idle)
        self.assertEqual(Attributes(), codec.NOTHING)
        self.assertEqual(Lane.TO_TARGET, UP)
