"""The forward gate."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.flow import Flow
from gateway.domain.greeting import GreetingGate
from gateway.domain.lane import Bytes, Close, Effect, End, Lane, Order, OrderKind, Refuse, Tell, Tick

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


def cut(text: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at places."""
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(edges) if b > a]


class GreetingTests(SynchronousTestCase):
    """A forward's first bytes."""

    @given(st.lists(st.integers(0, 100), max_size=6))
    def test_an_ssh_greeting_is_cut_however_it_comes(self, places: list[int]) -> None:
        """Not one byte of it, nor anything after, reaches the operator."""
        flow = Flow((GreetingGate("db1:22"),))
        out: list[Effect] = []
        for chunk in cut(b"SSH-2.0-OpenSSH_9.2\r\nmore", places):
            out += flow.feed(Bytes(DOWN, chunk), 0)
        out += flow.feed(Bytes(UP, b"hello"), 0) + flow.feed(End(DOWN), 0)
        self.assertEqual([type(each) for each in out], [Tell, Refuse])
        self.assertIn("db1:22", str(out[1]))

    @given(st.binary(max_size=12), st.lists(st.integers(0, 100), max_size=6))
    def test_anything_else_passes_whole(self, text: bytes, places: list[int]) -> None:
        """All other protocols get every byte, at the latest with their end."""
        if text.startswith(b"SSH-"):
            text = b"x" + text
        flow = Flow((GreetingGate("db1:5432"),))
        out: list[Effect] = []
        for chunk in cut(text, places):
            out += flow.feed(Bytes(DOWN, chunk), 0)
        out += flow.feed(End(DOWN), 0)
        self.assertEqual(b"".join(each.chunk for each in out if isinstance(each, Bytes)), text)
        self.assertEqual(out[-1], End(DOWN))
        self.assertEqual(flow.held(DOWN), 0)

    def test_what_only_began_like_a_greeting_is_passed_on(self) -> None:
        """``SS`` is held, ``SSL`` is not a greeting."""
        flow = Flow((GreetingGate("db1:443"),))
        self.assertEqual(flow.feed(Bytes(DOWN, b"SS"), 0), [])
        self.assertEqual(flow.held(DOWN), 2)
        self.assertEqual(flow.feed(Bytes(DOWN, b"L"), 0), [Bytes(DOWN, b"SSL")])

    def test_it_reads_until_the_greeting_is_told_from_others(self) -> None:
        """Before that nothing may go past the gate, and a cut forward never may."""
        gate, cutting = GreetingGate("db1:443"), GreetingGate("db1:22")
        flow, other = Flow((gate,)), Flow((cutting,))
        flow.feed(Bytes(DOWN, b"SS"), 0)
        self.assertFalse(gate.decided)
        flow.feed(Bytes(DOWN, b"L"), 0)
        other.feed(Bytes(DOWN, b"SSH-"), 0)
        self.assertEqual((gate.decided, cutting.decided), (True, False))

    def test_after_the_cut_the_clock_changes_nothing(self) -> None:
        """A cut forward stays cut."""
        flow = Flow((GreetingGate("db1:22"),))
        flow.feed(Bytes(DOWN, b"SSH-"), 0)
        self.assertEqual(flow.feed(Bytes(DOWN, b"2.0"), 0) + flow.feed(Tick(), 0), [])

    def test_what_only_begins_like_a_greeting_passes(self) -> None:
        """The bytes that waited come first."""
        flow = Flow((GreetingGate("db1:5432"),))
        self.assertEqual(flow.feed(Bytes(DOWN, b"SS"), 0) + flow.feed(Bytes(DOWN, b"L"), 0), [Bytes(DOWN, b"SSL")])
        self.assertEqual(flow.held(DOWN), 0)

    def test_the_other_lane_and_the_clock_are_not_its_matter(self) -> None:
        """What the operator sends passes at once; ticks and orders are nothing to it."""
        flow = Flow((GreetingGate("db1:5432"),))
        self.assertEqual(flow.feed(Bytes(UP, b"q"), 0), [Bytes(UP, b"q")])
        self.assertEqual(flow.feed(Tick(), 0) + flow.feed(Order(OrderKind.LOCK, "b"), 0), [])
        self.assertEqual(flow.feed(Bytes(DOWN, b"S"), 0), [])
        self.assertEqual(flow.feed(Close(DOWN), 0), [Bytes(DOWN, b"S"), Close(DOWN)])
