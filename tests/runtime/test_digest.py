"""A hash in a thread."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.runtime.digest import BATCH, MOST_WAITING, Digest


class DigestTests(SynchronousTestCase):
    """The same as hashing at once."""

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(0, 100_000), max_size=30))
    def test_any_cut_gives_the_digest_of_the_whole(self, sizes: list[int]) -> None:
        """In order, whatever the thread does when."""
        digest, whole = Digest(), hashlib.sha256()
        for number, size in enumerate(sizes):
            chunk = bytes((number,)) * size
            digest.take(chunk)
            whole.update(chunk)
        self.assertEqual(digest.finish(), whole.hexdigest())

    def test_it_lags_while_the_thread_does_not_follow(self) -> None:
        """What waits is told, and what is done is forgotten."""
        digest = Digest()
        self.assertFalse(digest.lags)
        for _ in range(2 * MOST_WAITING // BATCH):
            digest.take(bytes(BATCH))
        while digest.lags:
            pass
        self.assertEqual(digest.finish(), hashlib.sha256(bytes(2 * MOST_WAITING)).hexdigest())
        self.assertFalse(digest.lags)
