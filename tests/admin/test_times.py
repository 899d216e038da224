"""Moments and durations."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.times import duration, epoch, local, moment, spell, utc


class TimeTests(SynchronousTestCase):
    """Programs get UTC, people their own time."""

    def test_durations_are_read_and_spelled(self) -> None:
        """The two greatest units are enough for people."""
        self.assertEqual([duration(text) for text in ("90s", "30m", "1h30m", "7d")], [90, 1800, 5400, 604800])
        for wrong in ("", "30", "0s", "-1m", "1m1h", "x"):
            self.assertRaises(ValueError, duration, wrong)
        self.assertEqual(
            [spell(value) for value in (0, 59.9, 90061, None, float("nan"))], ["0s", "59s", "1d1h", "-", "-"]
        )

    def test_a_moment_is_a_time_or_so_long_ago(self) -> None:
        """A time without a zone is UTC."""
        self.assertEqual(moment("2h", 10_000.0), 2_800.0)
        self.assertEqual(moment("1970-01-01T00:01:00Z", 0.0), 60.0)
        self.assertEqual(moment("1970-01-01T01:01:00+01:00", 0.0), 60.0)
        self.assertEqual(moment("1970-01-01", 99.0), 0.0)
        self.assertRaises(ValueError, moment, "yesterday", 0.0)

    def test_people_see_their_zone(self) -> None:
        """Named, so that nobody guesses."""
        self.assertEqual(local("2026-07-01T12:00:00Z", ZoneInfo("Europe/Lisbon")), "2026-07-01 13:00:00 WEST")
        self.assertEqual(local(None, UTC), "-")
        self.assertEqual(local(1e300, UTC), "-")

    def test_programs_see_utc(self) -> None:
        """To the millisecond; and what was written is read again."""
        self.assertEqual(utc(1.5), "1970-01-01T00:00:01.500Z")
        self.assertEqual(epoch(utc(1.5)), 1.5)

    @settings(max_examples=150, deadline=None)
    @given(st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.lists(st.integers()))
    def test_whatever_stands_for_a_time_is_shown(self, value: object) -> None:
        """A dash where it is none."""
        self.assertTrue(local(value, UTC))
        self.assertTrue(spell(value))
