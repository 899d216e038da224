"""A terminal is no way past the rules about files."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import TransferRule
from gateway.domain.lane import Bytes, End, Lane, Notice, Order, OrderKind, Tell, Tick
from gateway.domain.zmodem import CANCEL, HEADER, ZmodemGate
from tests.domain.policies import policy

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


def gate(*rules: TransferRule) -> ZmodemGate:
    """Return a gate under rules."""
    return ZmodemGate(attrs.evolve(policy(), transfers=rules))


def through(one: ZmodemGate, *events: Any, at: float = 0.0) -> list[Any]:
    """Return what comes of events."""
    return [effect for event in events for effect in one.weigh(event, at)]


class ZmodemTests(SynchronousTestCase):
    """Headers in a terminal's bytes."""

    def test_a_transfer_does_not_begin(self) -> None:
        """What stood before it passes, the program is told to stop, one fact and one line are told."""
        one = gate(TransferRule("no-malware"))
        for at, kind, direction in ((0.0, b"0", "download"), (9.0, b"1", "upload")):
            chunk = b"rz\r" + HEADER + kind + b"000"
            passed, cancelled, told, said = through(one, Bytes(DOWN, chunk), at=at)
            self.assertEqual((passed, cancelled), (Bytes(DOWN, b"rz\r"), Bytes(UP, CANCEL)))
            self.assertEqual((told.fact.kind, told.fact.body["direction"]), ("file.denied", direction))
            self.assertIn(f"{direction} denied", said.text)

    def test_what_the_operators_side_sends_is_stopped_too(self) -> None:
        """A sender there is an upload, a receiver a download."""
        one = gate(TransferRule("up", "upload"))
        self.assertIsInstance(through(one, Bytes(UP, HEADER + b"0"))[1], Tell)
        self.assertEqual(through(one, Bytes(UP, HEADER + b"1")), [Bytes(UP, HEADER + b"1")])

    def test_a_repeated_header_is_the_same_attempt(self) -> None:
        """It is cancelled again and told once."""
        one = gate(TransferRule("no-malware"))
        self.assertEqual(len(through(one, Bytes(DOWN, HEADER + b"0"), at=5.0)), 3)
        self.assertEqual(through(one, Bytes(DOWN, HEADER + b"0"), at=5.5), [Bytes(UP, CANCEL)])
        self.assertIsInstance(through(one, Bytes(DOWN, HEADER + b"0"), at=9.0)[-1], Notice)

    def test_a_header_in_two_pieces_is_one(self) -> None:
        """Its first bytes have passed; the others never do."""
        for cut in range(1, len(HEADER)):
            one = gate(TransferRule("no-malware"))
            first, *rest = through(one, Bytes(DOWN, HEADER[:cut]), Bytes(DOWN, HEADER[cut:] + b"0000"))
            self.assertEqual((first, rest[0]), (Bytes(DOWN, HEADER[:cut]), Bytes(UP, CANCEL)))

    @given(st.lists(st.binary(max_size=20).filter(lambda chunk: b"\x18" not in chunk), max_size=6))
    def test_everything_else_passes_untouched(self, chunks: list[bytes]) -> None:
        """Whatever it is."""
        events = [Bytes(DOWN, chunk) for chunk in chunks]
        self.assertEqual(through(gate(TransferRule("no-malware")), *events), events)

    def test_where_nobody_decides_it_is_the_operators_affair(self) -> None:
        """Also under rules that observe."""
        header = Bytes(DOWN, HEADER + b"0")
        for one in (gate(), gate(TransferRule("watching", mode="observe"))):
            self.assertEqual(through(one, header, End(DOWN)), [header, End(DOWN)])
        self.assertEqual(through(gate(), Tick(), Order(OrderKind.MARK, "carol")), [])
