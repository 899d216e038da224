"""Hours of grants, in the zone of people."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.directory.hours import read_hours, window
from gateway.domain.grant import Window

DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def at(text: str) -> float:
    """Return a moment since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


class HoursTests(SynchronousTestCase):
    """When a grant is open, and until when."""

    def check(self, hours: str, moments: dict[str, str | None]) -> None:
        """Compare when the hours close at each moment; None: they are closed."""
        for moment, closes in moments.items():
            expected = Window(open=False) if closes is None else Window(open=True, closes=at(closes))
            self.assertEqual(window(read_hours(hours), at(moment)), expected, moment)

    def test_working_hours_in_a_zone(self) -> None:
        """Lisbon is an hour ahead of UTC in summer."""
        self.check("Mon-Fri 07:00-19:00 Europe/Lisbon", {
            "2026-07-01T06:00:00+00:00": "2026-07-01T18:00:00+00:00", "2026-07-01T05:59:59+00:00": None,
            "2026-07-01T18:00:00+00:00": None, "2026-07-04T12:00:00+00:00": None,
            "2026-01-05T07:00:00+00:00": "2026-01-05T19:00:00+00:00",
        })  # fmt: skip

    def test_a_night_belongs_to_the_day_on_which_it_begins(self) -> None:
        """Friday's night ends on Saturday morning."""
        self.check("Fri 22:00-06:00", {
            "2026-07-03T23:00:00+00:00": "2026-07-04T06:00:00+00:00", "2026-07-04T05:00:00+00:00":
            "2026-07-04T06:00:00+00:00", "2026-07-03T05:00:00+00:00": None,
        })  # fmt: skip

    def test_spans_that_touch_are_one(self) -> None:
        """A session is not cut at midnight where the next span goes on."""
        self.check("Mon 12:00-24:00; Tue 00:00-08:00", {"2026-07-06T13:00:00+00:00": "2026-07-07T08:00:00+00:00"})
        self.check("Sat,Sun 00:00-24:00", {"2026-07-04T13:00:00+00:00": "2026-07-06T00:00:00+00:00"})

    def test_hours_without_a_gap_never_close(self) -> None:
        """So do no hours at all."""
        for hours in ("00:00-24:00", "Mon-Sun 00:00-00:00", ""):
            self.assertEqual(window(read_hours(hours), at("2026-07-01T12:00:00+00:00")), Window(open=True), hours)

    def test_clock_changes_do_not_move_the_end(self) -> None:
        """The night on which clocks go forward is an hour shorter."""
        self.check("Sat 22:00-06:00 Europe/Lisbon", {"2026-03-28T23:00:00+00:00": "2026-03-29T05:00:00+00:00"})

    def test_what_is_not_hours_is_refused(self) -> None:
        """In words, never by guessing."""
        for text in ("always", "Mon", "07:00", "7:00-19:00", "25:00-26:00", "07:60-08:00", "24:00-06:00",
                     "Mon-Fri 07:00-19:00 Europe/Nowhere", "Mon-Fri 07:00-19:00 ../../etc/passwd", "Foo 07:00-19:00",
                     "Mon- 07:00-19:00", "07:00-19:00;", "Mon-Fri 07:00-19:00 Europe/Lisbon x", ";", "x" * 2000,
                     "07:00-24:01"):  # fmt: skip
            self.assertRaises(ValueError, read_hours, text)

    @given(
        st.text(max_size=40) | st.from_regex(r"([A-Z][a-z]{2}([-,][A-Z][a-z]{2})? )?\d\d:\d\d-\d\d:\d\d( [A-Z]{3})?")
    )
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        """What is read gives a window at any time."""
        try:
            spans = read_hours(text)
        except ValueError:
            return
        found = window(spans, 1.7e9)
        self.assertTrue(found.closes is None or found.closes > 1.7e9)

    @given(st.sampled_from(DAY_NAMES), st.integers(0, 1439), st.integers(0, 1440), st.integers(0, 14 * 1440))
    def test_a_window_agrees_with_counting_minutes(self, day: str, start: int, end: int, minute: int) -> None:
        """In UTC, where a week is always as long."""
        hours = f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
        begin = DAY_NAMES.index(day) * 1440 + start
        length = (end if end > start else end + 1440) - start
        since = (minute - begin) % 10080
        expected = Window(True, at("2026-07-06T00:00:00+00:00") + (minute + length - since) * 60)
        found = window(read_hours(hours), at("2026-07-06T00:00:00+00:00") + minute * 60)
        self.assertEqual(found, expected if since < length else Window(open=False))
