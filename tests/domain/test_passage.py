"""Bytes that pass: a digest where they came in order, none where they did not."""

from __future__ import annotations

import hashlib

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.passage import Passage
from tests.domain.depots import Hashing, Kept


class PassageTests(SynchronousTestCase):
    """One file in one direction."""

    def test_bytes_in_order_have_a_digest(self) -> None:
        """An empty piece changes nothing, wherever it stands."""
        passage = Passage(Hashing())
        passage.take(0, b"ab")
        passage.take(9, b"")
        passage.take(2, b"c")
        self.assertEqual((passage.count, passage.digest()), (3, hashlib.sha256(b"abc").hexdigest()))

    def test_bytes_out_of_order_have_none(self) -> None:
        """They are counted."""
        passage = Passage(Hashing())
        passage.take(2, b"c")
        passage.take(0, b"ab")
        self.assertEqual((passage.count, passage.digest()), (3, ""))

    def test_a_copy_is_whatever_passed(self) -> None:
        """At its offsets; whoever hashes or copies may lag."""
        hashing, kept = Hashing(), Kept()
        passage = Passage(hashing, copy=kept)
        passage.take(1, b"b")
        passage.take(0, b"a")
        self.assertEqual((bytes(kept.content), passage.lags, Passage(hashing).lags), (b"ab", False, False))
        kept.lags = True
        self.assertTrue(passage.lags)
        hashing.lags = True
        self.assertTrue(Passage(hashing).lags)
