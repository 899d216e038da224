"""The archive in memory keeps the promises of the one on disk."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.archive.memory import MemoryArchive
from tests.archive.conformance import CHECKS, DIGEST, check_stream
from tests.archive.fixtures import FACTS, POLICY, SESSION

CHUNKS = st.lists(st.tuples(st.sampled_from("oi"), st.binary(max_size=40)), max_size=40)


class MemoryArchiveTests(SynchronousTestCase):
    """Recordings that end with the process."""

    def test_it_is_an_archive(self) -> None:
        """The shared promises."""
        for check in CHECKS.values():
            check(self, MemoryArchive())

    @settings(max_examples=60, deadline=None)
    @given(CHUNKS)
    def test_any_stream_comes_out_as_it_went_in(self, chunks: list[tuple[str, bytes]]) -> None:
        """However it is cut."""
        check_stream(self, MemoryArchive(), chunks)

    def test_a_spent_budget_is_a_full_disk(self) -> None:
        """Writing fails; what was written stays."""
        archive = MemoryArchive(budget=200)
        track = archive.begin(SESSION, FACTS, POLICY, DIGEST).track(1, "pty", 0.0, {})
        track.write(1.0, "o", b"x" * 100)
        self.assertRaises(OSError, track.write, 2.0, "o", b"x" * 100)
        self.assertIn(b"x" * 100, self.successResultOf(archive.export_cast(SESSION)))

    def test_a_changed_event_is_found(self) -> None:
        """Also in memory a sealed recording does not change unnoticed."""
        archive = MemoryArchive()
        recording = archive.begin(SESSION, FACTS, POLICY, DIGEST)
        track = recording.track(1, "pty", 0.0, {})
        track.write(1.0, "o", b"x")
        self.successResultOf(recording.seal(2.0, "done"))
        track.events.pop()
        self.assertEqual(self.successResultOf(archive.verify(SESSION))["result"], "BAD")
