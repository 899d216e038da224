"""The gate of scp: what nobody reads yet rests, and every end tells what was on its way."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.evaluation import Evaluate
from gateway.domain.lane import Bytes, Close, End, EndSession, Order, OrderKind, Refuse, Request, Tick
from tests.domain.scp.talk import DOWN, RULE, UP, Talk
from tests.domain.scp.test_relay import WATCH


def sending(command: str = "scp -t /x", rules: tuple[TransferRule, ...] = ()) -> Talk:
    """Begin with a file of ten bytes."""
    talk = Talk(command, rules)
    talk.say(DOWN, b"\0")
    talk.say(UP, b"C0644 10 a\n")
    if not rules or rules == (WATCH,):
        talk.say(DOWN, b"\0")
    return talk


class ScpGateTests(SynchronousTestCase):
    """One channel."""

    @settings(max_examples=80)
    @given(st.binary(min_size=1, max_size=60), st.binary(min_size=1, max_size=60), st.booleans())
    def test_any_bytes_are_read_or_end_the_channel(self, up: bytes, down: bytes, decided: bool) -> None:
        """Nothing is raised."""
        talk = Talk("scp -t /x", (RULE,) if decided else ())
        for lane, chunk in ((DOWN, down), (UP, up), (DOWN, down)):
            talk.feed(Bytes(lane, chunk))
        self.assertFalse([each for each in talk.effects if isinstance(each, EndSession)])

    def test_what_comes_too_early_rests(self) -> None:
        """A source that does not wait for the sink."""
        talk = Talk("scp -t /x")
        talk.say(UP, b"C0644 10 a\n")
        self.assertEqual((talk.heard[UP], talk.flow.held(UP)), (b"", 11))
        talk.say(DOWN, b"\0")
        self.assertEqual((talk.heard[UP], talk.flow.held(UP)), (b"C0644 10 a\n", 0))

    def test_an_end_waits_for_what_came_before(self) -> None:
        """Of either side."""
        talk = sending(rules=(RULE,))
        talk.hold = True
        talk.say(UP, b"0123456789\0")
        talk.feed(End(UP))
        self.assertNotIn(End(UP), talk.effects)
        talk.hold = False
        while talk.asks:
            talk.answer()
        talk.say(DOWN, b"\0\0")
        self.assertIn(End(UP), talk.effects)
        talk.feed(End(DOWN))
        self.assertIn(End(DOWN), talk.effects)

    def test_bodies_may_pass_where_they_stand_but_for_their_last_byte(self) -> None:
        """Not the other way, not what is copied or kept, not with something resting."""
        talk = sending()
        self.assertTrue(talk.gate.passes(UP, memoryview(b"0123")))
        for lane, chunk in ((DOWN, b"01"), (UP, b"456789")):
            self.assertFalse(talk.gate.passes(lane, memoryview(chunk)))
        talk.say(UP, b"456789\0")
        talk.say(DOWN, b"\0")
        self.assertEqual(talk.fact("file.transferred")["bytes"], 10)
        for rule in (WATCH, RULE):
            self.assertFalse(sending(rules=(rule,)).gate.passes(UP, memoryview(b"0123")))
        talk = sending()
        talk.gate._streams[UP] = b"x"
        self.assertFalse(talk.gate.passes(UP, memoryview(b"0123")))

    def test_every_end_tells_what_was_on_its_way(self) -> None:
        """Passing, copied, kept; where nothing was, nothing is told."""
        for rules in ((), (WATCH,), (RULE,)):
            talk = sending(rules=rules)
            talk.say(UP, b"0123")
            talk.feed(Close(UP))
            told = talk.fact("file.transferred")
            self.assertEqual((told["outcome"], told["bytes"], talk.effects[-1]), ("aborted", 4, Close(UP)))
            self.assertTrue(all(kept.released for kept in talk.depot.files))
            self.assertTrue(talk.depot.closed)
            self.assertEqual(talk.say(UP, b"x"), b"")
        talk = Talk("scp -t /x")
        talk.feed(Close(DOWN))
        self.assertEqual(talk.effects, [Close(DOWN)])

    def test_other_events_are_none_of_its_affair(self) -> None:
        """Standard error, requests, orders."""
        talk = Talk("scp -t /x")
        talk.feed(Bytes(DOWN, b"scp: no", stderr=True))
        talk.feed(Request(DOWN, "exit-status", b"\0\0\0\1"))
        talk.feed(Order(OrderKind.MARK, "carol"))
        self.assertEqual(len(talk.effects), 2)

    def test_who_waits_long_is_told(self) -> None:
        """As over SFTP."""
        talk = sending(rules=(RULE,))
        self.assertIsNone(talk.gate.due)
        talk.hold = True
        talk.say(UP, b"0123456789\0")
        while not isinstance(talk.asks[0].question, Evaluate):
            talk.answer()
        talk.feed(Tick(), 3.0)
        self.assertEqual(talk.said, ["/x is being evaluated (3 s)"])

    def test_what_lags_is_said(self) -> None:
        """So that its source can be made to pause."""
        self.assertFalse(Talk("scp -t /x").gate.lags)
        talk = sending()
        self.assertFalse(talk.gate.lags)
        talk.depot.hashings[0].lags = True
        self.assertTrue(talk.gate.lags)
        self.assertFalse(sending(rules=(RULE,)).gate.lags)

    def test_a_line_without_an_end_ends_the_channel(self) -> None:
        """Nobody collects more than a line."""
        talk = Talk("scp -t /x")
        talk.say(DOWN, b"\1" + b"x" * 9000)
        self.assertTrue([each for each in talk.effects if isinstance(each, Refuse)])
