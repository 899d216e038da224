"""Rows that fit, and every way not to."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.facts import Entry
from gateway.journal.chain import (
    GENESIS,
    Envelope,
    Head,
    Row,
    Stamped,
    check_envelope,
    check_row,
    entry_of,
    extend,
    row_hash,
)
from gateway.journal.errors import ChainBroken
from tests.journal.examples import MANY

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
START = Head("gw1#0.9f3a")
TOLD = [Stamped("auth.failed", 1_700_000_000_000_000 + n, n, b'{"n":%d}' % n) for n in range(3)]


class FormTests(SynchronousTestCase):
    """The fixed form is fixed."""

    def test_the_hash_is_over_the_documented_bytes(self) -> None:
        """Written out by hand, it is the same."""
        fixed = (
            b"ostiary journal row 1\n"
            + b"\x00\x0agw1#0.9f3a"
            + (7).to_bytes(8, "big")
            + b"\x00\x0bauth.failed"
            + (-5).to_bytes(8, "big", signed=True)
            + b"\x04"
            + b"b" * 32
            + b"p" * 32
        )
        made = row_hash("gw1#0.9f3a", 7, "auth.failed", -5, 4, b"b" * 32, b"p" * 32)
        self.assertEqual(made, hashlib.sha256(fixed).digest())

    def test_what_does_not_fit_its_field_is_refused(self) -> None:
        """Numbers too large and text that is no UTF-8."""
        for values in (("o", 2**64, "k", 0, 0), ("o", 1, "k" * 65536, 0, 0), ("o", 1, "k", 0, 256)):
            with self.assertRaises(ValueError):
                row_hash(*values, GENESIS, GENESIS)
        with self.assertRaises(ValueError):
            row_hash("\udc80", 1, "k", 0, 0, GENESIS, GENESIS)


class FitTests(SynchronousTestCase):
    """A chain is followed; anything that does not fit is named."""

    def setUp(self) -> None:
        self.rows, self.head = extend(START, TOLD, KEY.sign)

    def test_a_chain_is_followed_to_its_head(self) -> None:
        """With bodies and without."""
        for rows in (self.rows, [Row(row.envelope, None) for row in self.rows]):
            head = START
            for row in rows:
                head = check_row(row, head, PUBLIC)
            self.assertEqual(head, self.head)

    def test_cut_anywhere_the_chain_is_the_same(self) -> None:
        """Told one by one or together, the rows are equal."""
        first, head = extend(START, TOLD[:1], KEY.sign)
        rest, head = extend(head, TOLD[1:], KEY.sign)
        self.assertEqual((first + rest, head), (self.rows, self.head))

    def test_a_missing_swapped_or_foreign_row_is_found(self) -> None:
        """Each with its reason."""
        other = extend(Head("gw2#0.9f3a"), TOLD, KEY.sign)[0][0]
        forked = extend(START, TOLD[1:], KEY.sign)[0][1]
        cases = ((self.rows[1], "seq 1"), (other, "another origin"))
        for row, why in cases:
            with self.assertRaisesRegex(ChainBroken, why):
                check_row(row, START, PUBLIC)
        with self.assertRaisesRegex(ChainBroken, "before it"):
            check_row(forked, check_row(self.rows[0], START, PUBLIC), PUBLIC)

    def test_another_body_is_found(self) -> None:
        """The hash of the body is what counts."""
        with self.assertRaisesRegex(ChainBroken, "body"):
            check_row(Row(self.rows[0].envelope, b"{}"), START, PUBLIC)

    def test_another_key_is_found(self) -> None:
        """A row that somebody else signed is not ours."""
        with self.assertRaisesRegex(ChainBroken, "signature"):
            check_envelope(self.rows[0].envelope, Ed25519PrivateKey.generate().public_key())

    @MANY
    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "origin": st.text(st.characters()),
                "seq": st.integers(),
                "kind": st.text(st.characters()),
                "time_us": st.integers(),
                "severity": st.integers(),
                "body_hash": st.binary(max_size=40),
                "prev": st.binary(max_size=40),
                "hash": st.binary(min_size=32, max_size=32) | st.binary(max_size=40),
                "signature": st.binary(min_size=64, max_size=64) | st.binary(max_size=70),
            },
        )
    )
    def test_a_changed_envelope_is_broken_and_nothing_worse(self, changes: dict[str, Any]) -> None:
        """Total on hostile values: it is the row that was signed, or ChainBroken."""
        signed = self.rows[1].envelope
        changed: Envelope = attrs.evolve(signed, **changes)
        if changed == signed:
            return
        with self.assertRaises(ChainBroken):
            check_envelope(changed, PUBLIC)

    def test_a_row_is_seen_as_an_entry(self) -> None:
        """Seconds for microseconds, a mapping for bytes, None for a pruned body."""
        row = self.rows[2]
        expected = Entry("gw1#0.9f3a", 3, "auth.failed", 1_700_000_000.000002, 2, {"n": 2})
        self.assertEqual(entry_of(row), expected)
        self.assertIsNone(entry_of(Row(row.envelope, None)).body)
        self.assertIsNone(Row(row.envelope, None).session)
