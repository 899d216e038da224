"""Bytes that leave together are one piece."""

from __future__ import annotations

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.joining import joined
from gateway.domain.lane import Bytes, Lane, Notice

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR


class JoiningTests(SynchronousTestCase):
    """One turn's effects."""

    def test_bytes_that_follow_each_other_leave_together(self) -> None:
        """Up to what is none, and from there on."""
        one, other, said = Bytes(UP, b"a"), Bytes(UP, b"b"), Notice("x")
        self.assertEqual(joined([one, other, one, said, one, other]), [Bytes(UP, b"aba"), said, Bytes(UP, b"ab")])
        self.assertEqual(joined([one, Bytes(DOWN, b"b")]), [one, Bytes(DOWN, b"b")])
        self.assertEqual(joined([one, attrs.evolve(one, stderr=True)]), [one, attrs.evolve(one, stderr=True)])
